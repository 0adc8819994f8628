"""Syntax as a list of tokens in which names of one's own, comments, dead statements and seeds have no part."""

import ast
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aarlab.integrity.code import imported, without_docstrings

_SEED = re.compile(r"seed|random_?state|nonce|salt", re.I)
_DRAWS = re.compile(r"(default_rng|RandomState|Random|SeedSequence|PCG64|Philox|PRNGKey|seed|manual_seed)$")
_SAID = re.compile(r"(builtins\.)?print$|logging\.|warnings\.warn$|(^|\.)(log|logger)\.(debug|info|warning)$")
_SKIPPED = frozenset(("ctx", "annotation", "returns", "type_comment", "lineno", "kind", "type_ignores"))
Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef | ast.Assign


@dataclass(frozen=True)
class Program:
    """All files of a method together."""

    definitions: Mapping[str, Definition]
    """Functions, classes and variables of the top level by name; of a name that is bound twice the last."""
    loose: tuple[ast.stmt, ...]
    """Other statements of the top level that may do something."""
    imports: Mapping[str, str]
    """Local name -> dotted name of what is not the method's own."""
    scopes: dict[int, tuple[set[str], set[str]]] = field(default_factory=dict)
    """By id() of a definition: see `scope`."""

    @classmethod
    def of(cls, files: Sequence[tuple[str, ast.Module]]) -> "Program":
        """From parsed files."""
        stems = {path.rsplit("/", 1)[-1].rsplit(".", 1)[0] for path, _ in files}
        found = {name: target for _, tree in files for name, target in imported(ast.walk(tree)).items()}
        imports = {name: target for name, target in found.items() if target.lstrip(".").split(".")[0] not in stems}
        definitions: dict[str, Definition] = {}
        loose: list[ast.stmt] = []
        for statement in (one for _, tree in files for one in without_docstrings(tree.body)):
            name = _defined(statement)
            if name and isinstance(statement, Definition):
                definitions[name] = statement
            elif not isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass) and not _main(statement):
                loose.append(statement)
        return cls(definitions, tuple(loose), imports)

    def constant(self, name: str) -> ast.Constant | None:
        """The value of a variable of the top level that is a plain constant."""
        node = self.definitions.get(name)
        return node.value if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) else None

    def scope(self, node: ast.AST) -> tuple[set[str], set[str]]:
        """Names that a definition binds inside itself, and those that it uses."""
        if id(node) not in self.scopes:
            self.scopes[id(node)] = _scope(node)
        return self.scopes[id(node)]

    def reachable(self, entry: str) -> set[str]:
        """Names of definitions that the entry or a loose statement may use; all when there is no entry."""
        if entry not in self.definitions:
            return set(self.definitions)
        found, ahead = set[str](), [entry]
        ahead += [name for statement in self.loose for name in _mentioned(statement)]
        while ahead:
            name = ahead.pop()
            if name in self.definitions and name not in found:
                found.add(name)
                ahead += _mentioned(self.definitions[name])
        return found


class Emitter:
    """Writes definitions as tokens, `constants` kept (rounded) or blank."""

    def __init__(self, program: Program, *, constants: bool) -> None:
        self._program = program
        self._constants = constants

    def tokens(self, node: ast.AST, *, own: Mapping[str, str] | None = None) -> list[str]:
        """Tokens of one definition or statement; `own` names the method's other definitions. Linear, no recursion."""
        locals_, used = self._program.scope(node)
        seen: dict[str, str] = {}
        out: list[str] = []
        ahead: list[ast.AST | str] = [node]
        while ahead:
            item = ahead.pop()
            if isinstance(item, str):
                out.append(item)
            elif isinstance(item, ast.Name | ast.arg):
                name = item.id if isinstance(item, ast.Name) else item.arg
                out.append(self._name(name, locals_, seen, own or {}))
            else:
                ahead.extend(reversed([*self._parts(item, used)]))
        return out

    def _name(self, name: str, locals_: set[str], seen: dict[str, str], own: Mapping[str, str]) -> str:
        if _SEED.search(name):
            return "SEED"
        if name in locals_:
            return seen.setdefault(name, f"v{len(seen)}") if self._constants else "v"
        if name in self._program.imports:
            return self._program.imports[name]
        if (value := self._program.constant(name)) is not None:
            return self._constant(value)
        return own.get(name, "own") if name in self._program.definitions else name

    def _parts(self, node: ast.AST, used: set[str]) -> Iterator[ast.AST | str]:
        if isinstance(node, ast.Constant):
            yield self._constant(node)
        elif isinstance(node, ast.Attribute):
            yield from (".", node.value, node.attr)
        elif isinstance(node, ast.keyword):
            yield from (("SEED",) if _SEED.search(node.arg or "") else (f"{node.arg}=", node.value))
        elif isinstance(node, ast.Call) and _DRAWS.search(_last(node.func)):
            yield from ("draws", node.func)
        elif isinstance(node, ast.BinOp) and (plain := _without_effect(node)) is not None:
            yield plain
        elif isinstance(node, ast.Assign) and all(_SEED.search(_target(one)) for one in node.targets):
            return
        else:
            yield type(node).__name__
            yield from _children(node, used)
            yield ")"

    def _constant(self, node: ast.Constant) -> str:
        value = node.value
        if not self._constants:
            return type(value).__name__
        if isinstance(value, float):
            return f"{value:.3g}"
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value) if abs(value) < 1000 else hex(value)  # hex has no limit of digits
        text = value if isinstance(value, str) else repr(value)
        return text if len(text) < 64 else hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _children(node: ast.AST, used: set[str]) -> Iterator[ast.AST | str]:
    """Parts of a node in order, without what does nothing. A function's own name is none of them."""
    for part, value in ast.iter_fields(node):
        if part in _SKIPPED:
            continue
        if isinstance(value, list):
            yield part
            body = [one for one in value if isinstance(one, ast.AST)]
            yield from (one for one in body if not isinstance(one, ast.stmt) or _does(one, used))
        elif isinstance(value, ast.AST) or (
            isinstance(value, str) and isinstance(node, ast.alias | ast.MatchAs | ast.MatchStar)
        ):
            yield value


def _does(statement: ast.stmt, used: set[str]) -> bool:
    """Whether a statement may have an effect."""
    match statement:
        case ast.Pass() | ast.Delete() | ast.Assert() | ast.Import() | ast.ImportFrom() | ast.Global():
            return False
        case ast.Expr(value=ast.Call() as call):
            said = _SAID.search(_dotted(call.func)) is not None and not _calls(call)
            return not said and _last(call.func) not in ("seed", "manual_seed")
        case ast.Expr(value=value):
            return any(isinstance(one, ast.Call | ast.Await | ast.Yield | ast.YieldFrom) for one in ast.walk(value))
        case ast.If(test=ast.Constant(value=value)) | ast.While(test=ast.Constant(value=value)):
            return bool(value)
        case ast.FunctionDef(name=name):
            return name in used
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=value)
        ):
            same = isinstance(value, ast.Name) and value.id == name
            return not same and (name in used or value is None or any(isinstance(n, ast.Call) for n in ast.walk(value)))
    return True


def _calls(call: ast.Call) -> bool:
    given = (*call.args, *(keyword.value for keyword in call.keywords))
    return any(isinstance(inner, ast.Call) for one in given for inner in ast.walk(one))


def _without_effect(node: ast.BinOp) -> ast.AST | str | None:
    """The other side of + 0 and * 1; SEED for arithmetic on a seed."""
    if any(isinstance(side, ast.Name) and _SEED.search(side.id) for side in (node.left, node.right)):
        return "SEED"
    neutral = 0 if isinstance(node.op, ast.Add | ast.Sub) else 1 if isinstance(node.op, ast.Mult | ast.Div) else None
    if neutral is None:
        return None
    if isinstance(node.right, ast.Constant) and node.right.value == neutral:
        return node.left
    commutes = isinstance(node.op, ast.Add | ast.Mult)
    return node.right if commutes and isinstance(node.left, ast.Constant) and node.left.value == neutral else None


def _defined(statement: ast.stmt) -> str:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return statement.name
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        return _target(statement.targets[0])
    return ""


def _target(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _main(statement: ast.stmt) -> bool:
    """`if __name__ == ...`, which the lab does not run."""
    return isinstance(statement, ast.If) and any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test)
    )


def _mentioned(node: ast.AST) -> set[str]:
    """Names and attributes: a helper may be used as helper.f."""
    return {_last(one) for one in ast.walk(node) if isinstance(one, ast.Name | ast.Attribute)}


def _scope(node: ast.AST) -> tuple[set[str], set[str]]:
    bound, used = set[str](), set[str]()
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            (used if isinstance(one.ctx, ast.Load) else bound).add(one.id)
        elif isinstance(one, ast.arg):
            bound.add(one.arg)
        elif isinstance(one, ast.FunctionDef | ast.ClassDef) and one is not node:
            bound.add(one.name)
    return (set() if isinstance(node, ast.Assign) else bound), used


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _dotted(node: ast.expr) -> str:
    owner = node.value if isinstance(node, ast.Attribute) else None
    return f"{_last(owner)}.{_last(node)}" if owner is not None else _last(node)
