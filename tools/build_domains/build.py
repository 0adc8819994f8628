"""Writes the text rows of the embedded domains. See README.md for what it needs."""

import argparse
from collections import Counter
from pathlib import Path

from arithmetic import arithmetic
from chat import chat
from code_pairs import code
from rows import Row, write_rows
from sources import functions

SIZES = {"chat": 9600, "math": 6400, "code": 5400}
ORDER_SEED = 505
DATA = Path(__file__).resolve().parents[2] / "src" / "aarlab" / "w2s" / "domains" / "data"


def build(wordnet: Path, wheels: Path) -> dict[str, list[Row]]:
    """Builds all domains from a folder of WordNet 3.0 and one of wheels."""
    pool = functions(wheels)
    return {
        "chat": chat(SIZES["chat"], wordnet=wordnet, pool=pool),
        "math": arithmetic(SIZES["math"]),
        "code": code(SIZES["code"], pool=pool),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wordnet", type=Path, required=True, help="folder with data.noun and its companions")
    parser.add_argument("--wheels", type=Path, required=True, help="folder with the wheels of sources.txt")
    parser.add_argument("--out", type=Path, default=DATA)
    arguments = parser.parse_args()
    for name, rows in build(arguments.wordnet, arguments.wheels).items():
        write_rows(arguments.out / f"{name}.jsonl.gz", rows, seed=ORDER_SEED)
        print(name, len(rows), dict(Counter(row.subset for row in rows)))


if __name__ == "__main__":
    main()
