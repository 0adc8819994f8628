"""Where text that is executed as code comes from: a literal, the data, or elsewhere. A rough, flow-insensitive look."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from aarlab.integrity.code import Names

Origin = Literal["literal", "data", "elsewhere"]
EXECUTE = frozenset(
    (
        *("builtins.exec", "builtins.eval", "builtins.compile", "builtins.exec.__call__", "builtins.eval.__call__"),
        *("runpy.run_path", "code.InteractiveInterpreter", "code.InteractiveConsole", "timeit.timeit", "timeit.Timer"),
        *("doctest.run_docstring_examples", "importlib.util.spec_from_file_location", "types.CodeType"),
        *("importlib.machinery.SourceFileLoader", "cProfile.run", "trace.Trace"),
    )
)
"""Names that run text as Python."""
_DATA = ("/data",)
_SWEEPS = 4


@dataclass(frozen=True)
class Run:
    """One execution of text."""

    line: int
    """Where."""
    origin: Origin
    """Of the text."""


def runs(nodes: Sequence[ast.AST], names: Names) -> tuple[Run, ...]:
    """All places where a file runs text as code."""
    calls = [node for node in nodes if isinstance(node, ast.Call) and names.dotted(node.func) in EXECUTE]
    if not calls:
        return ()
    tainted = _tainted(nodes, names)
    return tuple(Run(call.lineno, _origin(call, names, tainted)) for call in calls)


def _origin(call: ast.Call, names: Names, tainted: set[str]) -> Origin:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if any(_from_data(node, tainted) for node in given):
        return "data"
    return "literal" if given and _literal(given[0], names) else "elsewhere"


def _literal(node: ast.expr, names: Names) -> bool:
    if names.text(node) is not None:
        return True
    return isinstance(node, ast.Call) and any(names.text(one) is not None for one in node.args)


def _from_data(node: ast.AST, tainted: set[str]) -> bool:
    return any(
        (isinstance(one, ast.Name) and one.id in tainted)
        or (isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value.startswith(_DATA))
        for one in ast.walk(node)
    )


def _tainted(nodes: Sequence[ast.AST], names: Names) -> set[str]:
    """Names that may hold data: what comes from a path below /data, or from the task that `train` is given."""
    own = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
    tainted = {argument.arg for argument in own["train"].args.args[:1]} if "train" in own else set()
    tainted |= {node.id for node in nodes if isinstance(node, ast.Name) and _path(node, names)}
    for _ in range(_SWEEPS):
        before = len(tainted)
        for value, targets in _movements(nodes, own):
            if _from_data(value, tainted):
                tainted.update(targets)
        if len(tainted) == before:
            break
    return tainted


def _path(node: ast.Name, names: Names) -> bool:
    return (names.text(node) or "").startswith(_DATA)


def _movements(nodes: Sequence[ast.AST], own: dict[str, ast.FunctionDef]) -> Iterator[tuple[ast.AST, set[str]]]:
    """What flows into which names."""
    for node in nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                yield value, {name for target in targets for name in _named(target)}
            case ast.AugAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
                yield value, _named(target)
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                yield value, _named(target)
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                yield value, _named(target)
            case ast.Call(func=ast.Name(id=name)) if name in own:
                arguments = own[name].args
                every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
                yield node, {argument.arg for argument in every}
            case ast.FunctionDef(name=name):
                returned = [one for one in ast.walk(node) if isinstance(one, ast.Return | ast.Yield) and one.value]
                yield from ((one, {name}) for one in returned)


def _named(target: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(target) if isinstance(one, ast.Name)}
