"""Small edits that make a Python function wrong."""

import ast
import copy
import random
from collections.abc import Callable, Iterator

Edit = Callable[[ast.AST], None]

NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
EXCHANGED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
}  # fmt: skip


def _set(field: str, value: object) -> Edit:
    return lambda node: setattr(node, field, copy.deepcopy(value))


def _compare(node: ast.Compare) -> Iterator[tuple[str, Edit]]:
    negated = NEGATED.get(type(node.ops[0]))
    if negated is not None:
        yield "cmp", _set("ops", [negated(), *node.ops[1:]])


def _operators(node: ast.AST) -> Iterator[tuple[str, Edit]]:
    if isinstance(node, ast.BoolOp):
        yield "bool", _set("op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.BinOp) and type(node.op) in EXCHANGED:
        yield "arith", _set("op", EXCHANGED[type(node.op)]())
    elif isinstance(node, ast.Call) and len(node.args) == 2:
        yield "swap", _set("args", node.args[::-1])


def _condition(node: ast.If | ast.IfExp | ast.While) -> Iterator[tuple[str, Edit]]:
    test = node.test
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield "not", _set("test", test.operand)
    elif not isinstance(test, ast.Compare | ast.BoolOp | ast.Constant):
        yield "not", _set("test", ast.UnaryOp(ast.Not(), test))


def _constant(node: ast.Constant, rng: random.Random) -> Iterator[tuple[str, Edit]]:
    value = node.value
    if isinstance(value, bool):
        yield "const", _set("value", not value)
    elif isinstance(value, int) and 0 <= value < 100:
        yield "const", _set("value", value + rng.choice([-1, 1] if value else [1, 1, 2]))


def _name(node: ast.Name, names: list[str], rng: random.Random) -> Iterator[tuple[str, Edit]]:
    if isinstance(node.ctx, ast.Load) and node.id in names and len(names) > 1:
        yield "name", _set("id", rng.choice([name for name in names if name != node.id]))


def local_names(function: ast.FunctionDef) -> list[str]:
    """Arguments and local variables that the function reads, without self and cls."""
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    arguments = {argument.arg for argument in function.args.args + function.args.kwonlyargs}
    read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    return sorted(read & (stored | arguments) - {"self", "cls"})


def edits(node: ast.AST, *, names: list[str], rng: random.Random) -> Iterator[tuple[str, Edit]]:
    """Yields the kinds of edits that make sense for one node of a syntax tree."""
    if isinstance(node, ast.Compare):
        yield from _compare(node)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield from _condition(node)
    elif isinstance(node, ast.Constant):
        yield from _constant(node, rng)
    elif isinstance(node, ast.Name):
        yield from _name(node, names, rng)
    else:
        yield from _operators(node)


def mutants(function: ast.FunctionDef, *, rng: random.Random) -> dict[str, list[str]]:
    """All one-edit versions of the function's source text by kind of edit, without those that change nothing."""
    names, original = local_names(function), ast.unparse(function)
    found: dict[str, list[str]] = {}
    for index, node in enumerate(ast.walk(function)):
        for kind, edit in edits(node, names=names, rng=rng):
            changed = copy.deepcopy(function)
            edit(list(ast.walk(changed))[index])
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text != original:
                found.setdefault(kind, []).append(text)
    return found
