"""A researcher's Python as syntax, never run. It may be no Python, deep or huge: nothing here raises for that."""

import ast
import re
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

MAX_CHARS = 400_000
"""Longer files are not parsed; no method that the lab accepts by default is as long."""
MAX_NODES = 12_000
"""Parts of one file that are looked at; more is a table or a way to tire the reader."""
_DEPTH = 24
_PARSING = threading.Lock()


def code_of(files: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """(path, text) of the Python files of a method, in order of their paths."""
    return tuple((path, files[path]) for path in sorted(files) if path.endswith((".py", ".pyw")))


@lru_cache(maxsize=2)
def parse(text: str) -> ast.Module | None:
    """The syntax tree, not to be changed, or None when there is none to have."""
    if len(text) > MAX_CHARS:
        return None
    try:
        with _PARSING, warnings.catch_warnings():  # filters belong to the process, so one at a time
            warnings.simplefilter("ignore")
            return ast.parse(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return None


def nodes_of(tree: ast.Module) -> tuple[list[ast.AST], bool]:
    """The parts of a file from the outside in, and whether that is all of them."""
    nodes = list(islice(ast.walk(tree), MAX_NODES + 1))
    return nodes[:MAX_NODES], len(nodes) <= MAX_NODES


def without_docstrings(body: list[ast.stmt]) -> list[ast.stmt]:
    """Statements without those that are only a constant: docstrings and notes that nobody reads."""
    return [one for one in body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]


def docstrings(nodes: Iterable[ast.AST]) -> frozenset[int]:
    """id() of the constants that stand alone as a statement."""
    alone = (node.value for node in nodes if isinstance(node, ast.Expr))
    return frozenset(id(value) for value in alone if isinstance(value, ast.Constant))


def imported(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """Local name -> dotted name of what imports among the nodes bind it to; relative ones begin with a dot."""
    names: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.split(".")[0]
                names[bound] = alias.name if alias.asname else bound
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            names |= {alias.asname or alias.name: f"{module}.{alias.name}" for alias in node.names if alias.name != "*"}
    return names


_THROUGH = re.compile(r"^[^~].*\.(?=(os|sys|subprocess|builtins|gc|inspect|ctypes)\.\w)")
"""What leads to a module by way of another that imports it, as in pathlib.os.system."""


class _Module(ast.Name):
    """A module that is looked up by its name."""


class Names:
    """What names stand for in one file: imports, aliases of them, and constants. One scope for the whole file."""

    def __init__(self, nodes: Sequence[ast.AST]) -> None:
        """`nodes` are all of the file."""
        self._names = imported(nodes)
        self._texts: dict[str, str] = {}
        own = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        self._own = own | {node.arg for node in nodes if isinstance(node, ast.arg)}
        bindings = list(_bindings(nodes))
        for _ in range(2):  # an alias of an alias
            for name, value in bindings:
                self._bind(name, value)

    def dotted(self, node: ast.expr) -> str:
        """The dotted name of an expression, as "sys._getframe"; "?" is what cannot be told, "~x" a variable x.

        Sees through aliases, getattr with a constant, __import__, import_module, sys.modules, vars and __dict__.
        """
        tail: list[str] = []
        for _ in range(_DEPTH):
            step = self._step(node)
            if step is None:
                return _THROUGH.sub("", ".".join([self._root(node), *reversed(tail)]))
            name, node = step
            if name:
                tail.append(name)
        return ".".join(["?", *reversed(tail)])

    def text(self, node: ast.expr, depth: int = 8) -> str | None:
        """The string that an expression is known to be: constants, sums, joins, f-strings, paths, reversals."""
        if isinstance(node, ast.Constant):
            if isinstance(node.value, bytes):
                return node.value.decode("latin-1")
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            return self._texts.get(node.id)
        if not depth:
            return None
        return _joined(self._pieces(node, depth - 1), reverse=_reversal(node))

    def _bind(self, name: str, value: ast.expr) -> None:
        if (text := self.text(value)) is not None:
            self._texts.setdefault(name, text)
        if name in self._own:
            return
        target = self.dotted(value)
        if target.split(".")[0] != "?" and target != f"~{name}" and self._known(target):
            self._names.setdefault(name, target)

    def _known(self, dotted: str) -> bool:
        return dotted.startswith("builtins.") or any(
            dotted == one or dotted.startswith(one + ".") for one in self._names.values()
        )

    def _root(self, node: ast.expr) -> str:
        if isinstance(node, _Module):
            return node.id
        if isinstance(node, ast.Name):
            if node.id in self._names:
                return self._names[node.id]
            return f"builtins.{node.id}" if node.id in BUILTINS and node.id not in self._own else f"~{node.id}"
        if isinstance(node, ast.Call) and node.args and (name := self._module(node)):
            return name
        return "?"

    def _module(self, call: ast.Call) -> str | None:
        if self.dotted(call.func) in ("builtins.__import__", "importlib.import_module", "importlib.__import__"):
            return self.text(call.args[0])
        return None

    def _step(self, node: ast.expr) -> tuple[str, ast.expr] | None:
        """The last part of a name and the expression that it is a part of; None at the root."""
        if isinstance(node, ast.Attribute):
            return node.attr, node.value
        if isinstance(node, ast.NamedExpr):
            return "", node.value
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            return self._call_step(node, node.func.id)
        if isinstance(node, ast.Subscript) and (key := self.text(node.slice)) is not None:
            return self._item_step(node.value, key)
        return None

    def _call_step(self, node: ast.Call, name: str) -> tuple[str, ast.expr] | None:
        name = self._names.get(name, name).removeprefix("builtins.")
        if name == "getattr" and len(node.args) > 1 and (text := self.text(node.args[1])) is not None:
            return text, node.args[0]
        return ("__dict__", node.args[0]) if name == "vars" else None

    def _item_step(self, value: ast.expr, key: str) -> tuple[str, ast.expr] | None:
        if isinstance(value, ast.Attribute) and value.attr == "modules":
            return "", _Module(id=key)  # sys.modules["x"] is x
        if isinstance(value, ast.Attribute) and value.attr == "__dict__":
            return key, value.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "vars" and value.args:
            return key, value.args[0]
        return (key, value) if isinstance(value, ast.Name) and value.id == "__builtins__" else None

    def _pieces(self, node: ast.expr, depth: int) -> list[str | None]:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return [self.text(node.left, depth), self.text(node.right, depth)]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return [self.text(node.left, depth), "/", self.text(node.right, depth)]
        if isinstance(node, ast.JoinedStr):
            return [self.text(part, depth) for part in node.values]
        if isinstance(node, ast.FormattedValue):
            return [self.text(node.value, depth)]
        if isinstance(node, ast.Subscript) and _reversal(node):
            return [self.text(node.value, depth)]
        return self._called(node, depth) if isinstance(node, ast.Call) else [None]

    def _called(self, node: ast.Call, depth: int) -> list[str | None]:
        name, arguments = self.dotted(node.func), node.args
        if isinstance(node.func, ast.Attribute) and node.func.attr == "decode":
            return [self.text(node.func.value, depth)]
        if isinstance(node.func, ast.Attribute) and node.func.attr == "join" and len(arguments) == 1:
            separator, parts = self.text(node.func.value, depth), arguments[0]
            if separator == "" and isinstance(parts, ast.List | ast.Tuple) and len(parts.elts) <= 64:
                return [self.text(part, depth) for part in parts.elts]
        if name.endswith(("os.path.join", "Path")) and arguments and len(arguments) <= 16:
            return [one for part in arguments for one in (self.text(part, depth), "/")][:-1]
        if name == "builtins.chr" and isinstance(arguments[0] if arguments else None, ast.Constant):
            return [_character(arguments[0])]
        return [None]


BUILTINS = frozenset(
    [
        "__import__",
        "breakpoint",
        "compile",
        "delattr",
        "eval",
        "exec",
        "exit",
        "getattr",
        "globals",
        "help",
        "input",
        "locals",
        "memoryview",
        "object",
        "open",
        "print",
        "quit",
        "setattr",
        "type",
        "vars",
        "chr",
        "SystemExit",
    ]
)
"""Builtin names that a rule may ask for; others are not worth a prefix."""


def _bindings(nodes: Sequence[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        elif isinstance(node, ast.NamedExpr):
            yield node.target.id, node.value


def _joined(pieces: list[str | None], *, reverse: bool) -> str | None:
    known = [piece for piece in pieces if piece is not None]
    if len(known) < len(pieces):
        return None
    text = "".join(known)[:4096]
    return text[::-1] if reverse else text


def _reversal(node: ast.expr) -> bool:
    if not (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)):
        return False
    step, rest = node.slice.step, (node.slice.lower, node.slice.upper)
    return rest == (None, None) and isinstance(step, ast.UnaryOp) and isinstance(step.op, ast.USub)


def _character(node: ast.expr) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return chr(value) if isinstance(value, int) and 0 <= value < 0x110000 else None
