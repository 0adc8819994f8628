"""Runs the two commands of the README and pastes what they print: `python tools/readme_output.py [run] [test]`."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BOARD = r"^Verified board|^rank|^ +[1-4]  [+-]|^ \([12]\)  [+-]|^ +-  [+-]"
KEEP = {
    "run": [(r"^setup|^aarlab", 4), (r"proposes|VERIFIED", 4), (BOARD, 15), (r"^working time", 5)],
    "test": [(r"^setup|^All checks|^Success|^Contracts: |passed", 8)],
}
"""What is kept of each output: from the first line that a pattern finds, so many lines that do not repeat."""
WIDTH = 118


def main(targets: list[str]) -> None:
    """Replaces the outputs of the named targets."""
    text = README.read_text()
    for target in targets or list(KEEP):
        output = _run(target)
        pattern = rf"(<!-- output: make {target} -->\n```\n).*?(```\n<!-- end -->)"
        text = re.sub(pattern, lambda match, shown=output: f"{match[1]}{shown}{match[2]}", text, flags=re.DOTALL)
    README.write_text(text)


def _run(target: str) -> str:
    done = subprocess.run(["make", target], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = (done.stderr + done.stdout).replace(str(ROOT), "/home/you/aarlab").splitlines()
    lines = [re.sub(r"(making \.venv with ).*", r"\1/usr/bin/python3", line) for line in lines]
    lines = [line.rstrip()[:WIDTH].rstrip() for line in lines]
    parts = [_part(lines, pattern, count) for pattern, count in KEEP[target]]
    return "\n...\n".join([f"$ make {target}\n" + "\n".join(parts[0]), *("\n".join(part) for part in parts[1:])]) + "\n"


def _part(lines: list[str], pattern: str, count: int) -> list[str]:
    """`count` lines from the pattern on; where several lines match, the matching ones only."""
    found = [number for number, line in enumerate(lines) if re.search(pattern, line)]
    if len(found) > 1:
        return [lines[number] for number in found[:count]]
    return [line for line in lines[found[0] : found[0] + count] if line] if found else []


if __name__ == "__main__":
    main(sys.argv[1:])
