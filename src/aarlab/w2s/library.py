"""The pages on weak-to-strong in the library of every sandbox. They follow from code alone: no data, key or score."""

import ast
import inspect
import itertools
import json
import sys
import textwrap
from collections.abc import Callable, Mapping
from importlib.resources import files
from types import ModuleType
from typing import Any, TypeVar

from aarlab.w2s import fit
from aarlab.w2s.methods import ABSENT, METHODS, Method, final, heads, labels, rounds, select
from aarlab.w2s.methods.settings import COUNTS, NUMBERS
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task

N = TypeVar("N", ast.ClassDef, ast.FunctionDef)
PAGES = ("weak-to-strong.md", "pgr.md", "literature.md")
_KIT: tuple[ModuleType, ...] = (labels, select, rounds, final, heads, fit)
_PARTS: Mapping[type, tuple[str, ...]] = {
    Task: ("items", "dimension", "hard", "swapped"),
    Student: ("linear", "ensemble", "predict"),
}


def pages(baselines: tuple[str, ...]) -> dict[str, str]:
    """Text by file name: notes, helpers, a page for each method, and the code of `baselines`."""
    found = {name: _page(name) for name in PAGES}
    found["helpers.md"] = _page("helpers.md") + _reference()
    found["methods/absent.md"] = _absent()
    found |= {f"methods/{one.name}.md": method_page(one) for one in METHODS.values()}
    return found | {f"baselines/{name}.py": inspect.getsource(_module(METHODS[name])) for name in baselines}


def method_page(method: Method) -> str:
    """A method as its own documentation and signature have it."""
    module = _module(method)
    settings = [_setting(method, name, value) for name, value in method.settings.items()]
    table = ["| setting | default | may be |", "|---|---|---|", *settings] if settings else ["It has no settings."]
    where = "the hf backend only" if method.needs == "model" else "both backends"
    head = [f"# {method.name} ({method.family}): {method.summary}", "", f"It runs on {where}.", ""]
    head += [method.documentation, "", "## Settings", ""]
    call = f'METHODS["{method.name}"](task, seed=seed)'
    path = f"/opt/aarlab/site/{module.__name__.replace('.', '/')}.py"
    tail = [
        "",
        "## Code",
        "",
        f"`{call}` with `from aarlab.w2s.methods import METHODS`. It stands in {path}: {_first(module)}",
        "",
    ]
    return "\n".join([*head, *table, *tail])


def _absent() -> str:
    lines = [f"- **{name}**: {why}." for name, why in ABSENT.items()]
    return "\n".join(["# Methods of the literature that cannot run here, and why", "", *lines, ""])


def _module(method: Method) -> ModuleType:
    return sys.modules[method.train.__module__]


def _setting(method: Method, name: str, default: Any) -> str:
    of_heads = "; not on the hf backend" if name in method.heads_only else ""
    return f"| {name} | {_written(default)} | {_allowed(name, default)}{of_heads} |"


def _allowed(name: str, default: Any) -> str:
    """As aarlab.w2s.methods.settings checks it."""
    if isinstance(default, bool):
        return "true or false"
    if isinstance(default, str):
        return "see above"
    none = " or none" if default is None else ""
    if name in COUNTS:
        return f"a whole number of at least {COUNTS[name]}{none}"
    low, high = NUMBERS[name]
    return f"a number from {low:g} to {high:g}{none}"


def _written(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else json.dumps(value)


def _reference() -> str:
    """What there is to call, by the code's own signatures and first lines."""
    lines = [
        "## All that there is",
        "",
        f"`L2` is {fit.L2:g}, the usual weight penalty; `Floats` is an array of float64, `Array` of float32.",
        "",
    ]
    for kind, names in _PARTS.items():
        lines += [f"### {kind.__module__}.{kind.__name__}", "", _first(kind), ""]
        lines += [*_fields(kind), *(_entry(name, inspect.getattr_static(kind, name)) for name in names), ""]
    for module in _KIT:
        own = [one for one in vars(module).items() if _is_own(module, *one)]
        lines += [f"### {module.__name__}", "", _first(module), "", *(_entry(*one) for one in own), ""]
    return "\n".join(lines)


def _is_own(module: ModuleType, name: str, value: object) -> bool:
    return inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")


def _fields(kind: type) -> list[str]:
    """Fields with the line of documentation under each."""
    body = _parsed(kind, ast.ClassDef).body
    lines = []
    for field, below in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            words = " ".join(str(below.value.value).split())
            lines.append(f"- `{ast.unparse(field.target)}: {ast.unparse(field.annotation)}` {words}")
    return lines


def _entry(name: str, value: Any) -> str:
    """A function, class method or property with its signature as it is written."""
    if isinstance(value, property):
        return f"- `{name}` {_first(value)}"
    function: Callable[..., Any] = value.__func__ if isinstance(value, classmethod) else value
    written = _parsed(function, ast.FunctionDef)
    returns = ast.unparse(written.returns).strip("'") if written.returns is not None else "None"
    return f"- `{name}({ast.unparse(written.args)}) -> {returns}` {_first(function)}"


def _parsed(documented: Any, kind: type[N]) -> N:
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(documented))).body
    assert isinstance(node, kind)
    return node


def _first(documented: Any) -> str:
    """The first paragraph of a documentation, in one line."""
    return " ".join(inspect.cleandoc(documented.__doc__ or "").split("\n\n", 1)[0].split())


def _page(name: str) -> str:
    return files("aarlab.w2s").joinpath("pages", name).read_text(encoding="utf-8")
