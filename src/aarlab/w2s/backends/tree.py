"""Token trees: a prompt and its responses as one sequence in which every shared beginning is computed once.

A token sees its ancestors only and its position is its depth, so each response gets exactly the activations that it
would get alone after the prompt.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class TokenTree:
    """A prompt and k responses, merged by common prefixes."""

    tokens: IntArray
    """[n] token of each node; parents come before children."""
    parents: IntArray
    """[n] index of the node before, -1 for the first token."""
    paths: tuple[IntArray, ...]
    """For each response the nodes of its tokens, in order; a node may serve several responses."""

    @property
    def depths(self) -> IntArray:
        """[n] position of each node in its own text."""
        depths = np.zeros(len(self.tokens), np.int64)
        for node, parent in enumerate(self.parents[1:], start=1):
            depths[node] = depths[parent] + 1
        return depths

    def visible(self) -> NDArray[np.bool_]:
        """[n, n] whether the row's node sees the column's node: its ancestors and itself."""
        mask = np.eye(len(self.tokens), dtype=np.bool_)
        for node, parent in enumerate(self.parents[1:], start=1):
            mask[node] |= mask[parent]
        return mask


def token_tree(prompt: Sequence[int], responses: Iterable[Sequence[int]]) -> TokenTree:
    """Merges the token ids of a prompt and its responses. Raises ValueError when any of them is empty."""
    responses = list(responses)
    if not prompt or not all(responses):
        raise ValueError("a prompt or a response without tokens")
    nodes: dict[tuple[int, int], int] = {}
    root = _insert(nodes, -1, prompt)[-1]
    paths = tuple(np.array(_insert(nodes, root, ids), np.int64) for ids in responses)
    parents, tokens = np.array(list(nodes), np.int64).T
    return TokenTree(np.ascontiguousarray(tokens), np.ascontiguousarray(parents), paths)


def _insert(nodes: dict[tuple[int, int], int], parent: int, ids: Sequence[int]) -> list[int]:
    path = []
    for token in ids:
        parent = nodes.setdefault((parent, token), len(nodes))
        path.append(parent)
    return path
