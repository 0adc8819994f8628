"""What the columns of the tables mean, in the words of report/tables.py."""

import ast
import inspect
from dataclasses import dataclass

from aarlab.report import tables


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    """As in the frame."""
    kind: str
    """Its type; "| None" where a row may have no value."""
    words: str
    """What it holds."""


def columns() -> dict[str, tuple[str, tuple[Column, ...]]]:
    """By the class of its rows: what a table is, and its columns in order."""
    tree = ast.parse(inspect.getsource(tables))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {node.name: (ast.get_docstring(node) or "", tuple(_columns(node))) for node in classes}


def _columns(node: ast.ClassDef) -> list[Column]:
    found = []
    for field, after in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            words = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
            found.append(Column(field.target.id, ast.unparse(field.annotation), " ".join(str(words).split())))
    return found
