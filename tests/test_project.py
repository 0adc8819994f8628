"""What the project promises about itself: import order, small functions, a quick command, docs that are up to date."""

import ast
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aarlab.cli.reference import cli_reference, notebooks_reference, study_reference

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PROSE = [ROOT / "README.md", *sorted(ROOT.glob("[A-Z]*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def functions(path: Path) -> Iterator[int]:
    """Lines of each function and method."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            yield node.end_lineno - node.lineno + 1


def test_functions_are_short_and_files_small() -> None:
    assert statistics.median(lines for path in SOURCES for lines in functions(path)) <= 12
    long = {str(path): count for path in SOURCES if (count := len(path.read_text().splitlines())) > 400}
    assert long == {}


def test_imports_run_downward() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stdout


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    heavy = ("numpy", "scipy", "fastapi", "matplotlib", "pydantic")
    code = f"import aarlab.cli.main, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "text"),
    [("cli.md", cli_reference), ("study-file.md", study_reference), ("notebooks.md", notebooks_reference)],
)
def test_generated_docs_are_up_to_date(name: str, text: object) -> None:
    assert callable(text)
    assert (ROOT / "docs" / name).read_text() == text(), "run `make docs`"


def test_readme_fits_a_screen_and_its_commands_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)", readme)) <= targets
    assert {"run", "test"} <= set(re.findall(r"make ([a-z-]+)", readme))
    outside = re.sub(r"```.*?```", "", readme, flags=re.DOTALL)
    assert len(outside.splitlines()) <= 60


def test_ci_runs_the_readmes_test_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_commands_in_the_docs_exist() -> None:
    known = set(re.findall(r"^## aarlab ?(.*)$", cli_reference(), flags=re.MULTILINE))
    words = {name.split()[0] for name in known if name}
    for path in PROSE:
        for command in re.findall(r"(?:^|`|\$ )aarlab ([a-z][a-z0-9]*)\b", path.read_text(), flags=re.MULTILINE):
            assert command in words, f"{path.name}: aarlab {command}"


def test_links_in_the_docs_lead_somewhere() -> None:
    for path in PROSE:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
