"""Writes LICENSES.md next to the shipped rows: the notice of everything that they were made from."""

import argparse
import re
import sysconfig
import zipfile
from pathlib import Path

from build import DATA

LICENSE_FILE = re.compile(r"\.dist-info/(licenses/)?LICENSE(\.txt|\.rst)?$")
APACHE = "Apache License"
HEAD = """# Licences of the embedded domains

The files in this folder are derived from the works below, each used under its own licence. From WordNet: definitions,
shortened to their first part. From Python and the packages: first sentences of docstrings, and short functions with
their docstrings removed, reformatted and, on the wrong side of a pair, deliberately changed. The word problems of
`math`, the prompts and the selection are our own work, under the licence of this package. The features were computed
with SmolLM2-135M-Instruct (Apache-2.0), which is not part of this package.
"""


def wordnet_notice(copyright_file: Path) -> str:
    """The WordNet licence out of Debian's copyright file, whose lines are indented and hold "." for a blank."""
    text = copyright_file.read_text(encoding="utf8")
    body = text[text.index("License: WordNet3.0\n") :].split("\n\n")[0].splitlines()[1:]
    return "\n".join("" if line.strip() == "." else line.strip() for line in body)


def wheel_notice(wheel: Path) -> tuple[str, str]:
    """Name with version, and licence text of one wheel. Raises ValueError when it holds none."""
    with zipfile.ZipFile(wheel) as archive:
        texts = [archive.read(name).decode("utf8") for name in archive.namelist() if LICENSE_FILE.search(name)]
    if not texts:
        raise ValueError(f"{wheel.name} holds no licence")
    return " ".join(wheel.name.split("-")[:2]), texts[0]


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n```text\n{text.strip()}\n```\n"


def notices(wordnet: Path, wheels: Path) -> str:
    """The whole file; the Apache licence is printed once."""
    python = Path(sysconfig.get_paths()["stdlib"], "LICENSE.txt").read_text(encoding="utf8")
    parts = [HEAD, _section("WordNet 3.0", wordnet_notice(wordnet)), _section("Python standard library", python)]
    apache = ""
    for title, text in map(wheel_notice, sorted(wheels.glob("*.whl"))):
        if APACHE in text:
            parts.append(f"## {title}\n\nApache License 2.0, see the end of this file.\n")
            apache = text
        else:
            parts.append(_section(title, text))
    return "\n".join([*parts, _section("Apache License 2.0", apache)])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wordnet-copyright", type=Path, required=True, help="copyright file of the Debian package")
    parser.add_argument("--wheels", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=DATA)
    arguments = parser.parse_args()
    text = notices(arguments.wordnet_copyright, arguments.wheels)
    (arguments.out / "LICENSES.md").write_text(text, encoding="utf8")


if __name__ == "__main__":
    main()
