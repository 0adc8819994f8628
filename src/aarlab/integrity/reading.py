"""What one Python file says, flat: names that it uses, strings, its own special methods. Kept by content."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from aarlab.integrity.case import Level
from aarlab.integrity.code import Names, code_of, docstrings, nodes_of, parse
from aarlab.integrity.evidence import Found, line_of
from aarlab.integrity.flow import Run, runs

How = Literal["import", "read", "call", "write"]
_MOST = 20_000


@dataclass(frozen=True)
class Use:
    """One use of a name."""

    name: str
    """Dotted, aliases resolved; "?" is an expression that cannot be told."""
    how: How
    """What is done with it. "write" is assignment to, or deletion of, a part of something."""
    line: int
    """Where."""
    given: tuple[str, ...] = ()
    """Call: arguments. A known string begins with a quotation mark, others are dotted names; keywords as k=value."""
    main: bool = False
    """Whether it stands below `if __name__ == "__main__"`, which the lab never runs."""


@dataclass(frozen=True)
class Special:
    """A special method or attribute (__eq__, __class__) that a class of the file defines."""

    name: str
    """With its underscores."""
    line: int
    """Where."""
    constant: bool
    """Whether all that it returns is a constant."""


@dataclass(frozen=True)
class Reading:
    """One file."""

    path: str
    """As in the method."""
    text: str
    """All of it."""
    parsed: bool
    """False: it is no Python, or too large or deep to tell; then the rest is empty."""
    whole: bool = True
    """Whether everything was looked at; False: there is too much of it."""
    uses: tuple[Use, ...] = ()
    """Names, in no particular order."""
    strings: tuple[tuple[str, int], ...] = ()
    """Known strings and their lines; docstrings are left out, long ones cut."""
    specials: tuple[Special, ...] = ()
    """Of classes."""
    runs: tuple[Run, ...] = ()
    """Text that is executed as code."""

    def found(self, rule: str, level: Level, line: int) -> Found:
        """A finding that quotes a line of this file."""
        return Found(rule, level, f"{self.path}: {line_of(self.text, line)}")


def readings(files: Mapping[str, str]) -> list[Reading]:
    """All Python files of a method."""
    return [read(path, text) for path, text in code_of(files)]


@lru_cache(maxsize=64)
def read(path: str, text: str) -> Reading:
    """One file. Never raises."""
    tree = parse(text)
    if tree is None:
        return Reading(path, text, parsed=False)
    nodes, whole = nodes_of(tree)
    names = Names(nodes)
    return Reading(
        path,
        text,
        parsed=True,
        whole=whole,
        uses=tuple(_uses(nodes, names, below=_below_main(tree))),
        strings=tuple(_strings(nodes, names)),
        specials=tuple(_specials(nodes)),
        runs=runs(nodes, names),
    )


def _uses(nodes: Sequence[ast.AST], names: Names, *, below: set[int]) -> Iterator[Use]:
    called = {id(node.func): node for node in nodes if isinstance(node, ast.Call)}
    left = _MOST
    for node in nodes:
        for use in _use(node, names, called.get(id(node)), main=id(node) in below):
            left -= 1
            if left < 0:
                return
            yield use


def _use(node: ast.AST, names: Names, call: ast.Call | None, *, main: bool) -> Iterator[Use]:
    if isinstance(node, ast.Import):
        yield from (Use(alias.name, "import", node.lineno, main=main) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        yield from (Use(f"{module}.{alias.name}", "import", node.lineno, main=main) for alias in node.names)
    elif isinstance(node, ast.Attribute | ast.Name | ast.Subscript | ast.Call):
        name = names.dotted(node)
        write = isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load)
        if isinstance(node, ast.Subscript) and write:
            name = f"{names.dotted(node.value)}[]"
        if name == "?" or (isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)):
            return
        how: How = "write" if write else "call" if call is not None else "read"
        yield Use(name, how, node.lineno, _given(call, names) if call is not None else (), main)


def _given(call: ast.Call, names: Names) -> tuple[str, ...]:
    arguments = [_argument(node, names) for node in call.args[:8]]
    keywords = [f"{one.arg}={_argument(one.value, names)}" for one in call.keywords[:16] if one.arg]
    return (*arguments, *keywords)


def _argument(node: ast.expr, names: Names) -> str:
    text = names.text(node)
    if text is not None:
        return f'"{text[:300]}'
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return str(node.value)
    return names.dotted(node)


def _below_main(tree: ast.Module) -> set[int]:
    guards = [node for node in tree.body if isinstance(node, ast.If) and "__main__" in _compared(node.test)]
    return {id(inner) for guard in guards for one in guard.body for inner in ast.walk(one)}


def _compared(test: ast.expr) -> str:
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__":
        other = test.comparators[0]
        return str(other.value) if isinstance(other, ast.Constant) and isinstance(other.value, str) else ""
    return ""


def _strings(nodes: Sequence[ast.AST], names: Names) -> Iterator[tuple[str, int]]:
    alone = docstrings(nodes)
    left = _MOST
    for node in nodes:
        if id(node) in alone or not isinstance(node, ast.Constant | ast.BinOp | ast.JoinedStr | ast.Call):
            continue
        text = names.text(node)
        if text:
            left -= 1
            yield text[:300], node.lineno
        if left <= 0:
            return


def _specials(nodes: Sequence[ast.AST]) -> Iterator[Special]:
    for owner in nodes:
        if not isinstance(owner, ast.ClassDef):
            continue
        for node in owner.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("__"):
                yield Special(node.name, node.lineno, _constant(node))
            elif isinstance(node, ast.Assign):
                named = [one.id for one in node.targets if isinstance(one, ast.Name) and one.id.startswith("__")]
                constant = isinstance(node.value, ast.Lambda) and isinstance(node.value.body, ast.Constant)
                yield from (Special(name, node.lineno, constant) for name in named)


def _constant(function: ast.FunctionDef) -> bool:
    inner = list(ast.walk(function))
    returned = [node.value for node in inner if isinstance(node, ast.Return)]
    decides = any(isinstance(node, ast.If | ast.For | ast.While | ast.Try | ast.Match) for node in inner)
    return bool(returned) and not decides and all(isinstance(value, ast.Constant) for value in returned)
