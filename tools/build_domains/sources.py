"""Documented functions of the Python standard library and of permissively licensed wheels, read without importing."""

import ast
import re
import sysconfig
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STDLIB = "python"
SKIP = re.compile(
    r"(^|/)(tests?|testing|idlelib|lib2to3|turtledemo|encodings|pydoc_data|ensurepip|site-packages|migrations"
    r"|_pyrepl|config-[^/]*|conf|benchmarks?|locale|_vendor|_antlr|externals?|extern)/|(^|/)(test_[^/]*|conftest|__main__)\.py$"
)
"""Files whose functions say little or that other people wrote under other licences."""
LONGEST_SUMMARY = 25
"""Words in the first sentence of a usable docstring."""


@dataclass(frozen=True)
class Function:
    """A documented function or method."""

    package: str
    """Top-level distribution, "python" for the standard library."""
    module: str
    """Dotted module name."""
    name: str
    """Name inside the module, with the class before it."""
    summary: str
    """First sentence of the docstring."""
    node: ast.FunctionDef
    """Syntax tree without decorators and docstring."""


def summary_of(doc: str) -> str:
    """The first sentence of a docstring on one line."""
    paragraph = re.sub(r"\s+", " ", re.split(r"\n\s*\n", doc.strip())[0]).strip()
    return re.split(r"(?<=[.])\s", paragraph)[0]


def _usable_summary(name: str, summary: str) -> bool:
    words = len(summary.split())
    markup = summary.startswith(f"{name}(") or "->" in summary or ">>>" in summary or ":param" in summary
    return 4 <= words <= LONGEST_SUMMARY and summary.isascii() and not markup


def _definitions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from ((f"{node.name}.{sub.name}", sub) for sub in node.body if isinstance(sub, ast.FunctionDef))


def functions_of(package: str, module: str, text: str) -> Iterator[Function]:
    """Yields the documented functions of one source text."""
    for name, node in _definitions(ast.parse(text)):
        doc = ast.get_docstring(node)
        summary = summary_of(doc) if doc else ""
        if node.name.startswith("_") or not _usable_summary(node.name, summary) or len(node.body) < 2:
            continue
        node.decorator_list = []
        node.body = node.body[1:]
        yield Function(package, module, name, summary, node)


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _stdlib_files() -> Iterator[tuple[str, str]]:
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not SKIP.search(name):
            yield name, path.read_text(encoding="utf8")


def _wheel_files(wheel: Path) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".py") and ".data/" not in name and not SKIP.search(name):
                yield name, archive.read(name).decode("utf8")


def functions(wheels: Path) -> list[Function]:
    """All documented functions of the standard library that runs this and of the wheels in a folder."""
    found = [f for name, text in _stdlib_files() for f in functions_of(STDLIB, _module(name), text)]
    for wheel in sorted(wheels.glob("*.whl")):
        package = wheel.name.split("-")[0]
        found += [f for name, text in _wheel_files(wheel) for f in functions_of(package, _module(name), text)]
    return found
