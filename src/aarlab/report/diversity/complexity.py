"""How complex a method's code is: lines, branches, and what it compresses to."""

import ast
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from aarlab.integrity.code import code_of, nodes_of, parse

_BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.comprehension, ast.match_case)


@dataclass(frozen=True)
class Complexity:
    """Of one method: all of its Python files together."""

    lines: int
    """Lines that are neither empty nor a comment alone."""
    cyclomatic: int
    """Paths through the code (McCabe 1976): 1 a function, and 1 for each branch, loop, handler, and further operand of
    `and`/`or`, summed over all functions; code outside of functions counts as one."""
    compressed: int
    """Bytes of the files' text after zlib: what is in them that is no repetition."""


def complexity(files: Mapping[str, str]) -> Complexity:
    """Of the frozen Python files; what cannot be parsed has lines and bytes, and no branches."""
    code = code_of(files)
    lines = sum(_counts(line) for _, text in code for line in text.splitlines())
    paths = sum(_paths(text) for _, text in code)
    return Complexity(lines, paths, len(zlib.compress("\n".join(text for _, text in code).encode(), 9)))


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith("#")


def _paths(text: str) -> int:
    tree = parse(text)
    if tree is None:
        return 0
    nodes, _ = nodes_of(tree)
    own = sum(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) for node in nodes)
    more = sum(len(node.values) - 1 for node in nodes if isinstance(node, ast.BoolOp))
    return max(1, own) + more + sum(isinstance(node, _BRANCHES) for node in nodes)
