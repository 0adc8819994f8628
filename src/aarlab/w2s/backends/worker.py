"""A worker process that holds the model, and the parent's side of it.

Workers are plain subprocesses so that the number of BLAS threads can be set before numpy is loaded, and so that the
parent never holds the weights.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from aarlab.errors import OperatorError
from aarlab.w2s.backends.gguf import FloatArray
from aarlab.w2s.backends.smollm import LAYERS, SmolLM, load, pack
from aarlab.w2s.backends.tree import TokenTree, token_tree


@dataclass(frozen=True)
class Piece:
    """Token ids of a prompt with some of its responses."""

    prompt: tuple[int, ...]
    responses: tuple[tuple[int, ...], ...]

    @property
    def size(self) -> int:
        """Tokens, without sharing of beginnings."""
        return len(self.prompt) + sum(map(len, self.responses))


@dataclass(frozen=True)
class Job:
    """What a worker computes in one go."""

    pieces: tuple[Piece, ...]
    layers: tuple[int, ...]
    likelihoods: bool
    """Whether to run all layers and score the responses."""
    unconditional: tuple[int, ...]
    """Token ids of the prompt for unconditional likelihoods; empty for none."""


@dataclass(frozen=True)
class Result:
    """What one piece yields; see GroupFeatures."""

    hidden: FloatArray
    loglik: FloatArray
    base: FloatArray


def run_job(model: SmolLM, job: Job) -> list[Result]:
    """Computes the results of all pieces in one forward pass."""
    trees = [token_tree(piece.prompt, piece.responses) for piece in job.pieces]
    bases = [token_tree(job.unconditional, piece.responses) for piece in job.pieces] if job.unconditional else []
    packed = pack([*trees, *bases])
    wanted = {*job.layers, *([LAYERS] if job.likelihoods else [])}
    streams = model.hidden(packed, layers=sorted(wanted))
    scores = np.full(len(packed.tokens), np.nan, np.float32)
    if job.likelihoods:
        scores = _scores(model, [*trees, *bases], packed.spans, streams[LAYERS])
    results = []
    for index, tree in enumerate(trees):
        start = packed.spans[index].start
        hidden = np.stack([_means(streams[layer][start:], tree) for layer in job.layers], axis=1)
        base = np.full(len(tree.paths), np.nan, np.float32)
        if bases:
            base = _sums(scores[packed.spans[len(trees) + index]], bases[index])
        results.append(Result(hidden, _sums(scores[packed.spans[index]], tree), base))
    return results


def _means(stream: FloatArray, tree: TokenTree) -> FloatArray:
    return np.stack([stream[path].mean(axis=0) for path in tree.paths])


def _sums(scores: FloatArray, tree: TokenTree) -> FloatArray:
    return np.array([scores[path].sum() for path in tree.paths], np.float32)


def _scores(model: SmolLM, trees: list[TokenTree], spans: tuple[slice, ...], final: FloatArray) -> FloatArray:
    """[n] log p(token | its ancestors) of every node that belongs to a response, 0 elsewhere."""
    answers = [np.unique(np.concatenate(tree.paths)) for tree in trees]
    starts = [span.start for span in spans]
    nodes = np.concatenate([start + own for start, own in zip(starts, answers, strict=True)])
    parents = [start + tree.parents[own] for start, tree, own in zip(starts, trees, answers, strict=True)]
    targets = np.concatenate([tree.tokens[own] for tree, own in zip(trees, answers, strict=True)])
    scores = np.zeros(len(final), np.float32)
    scores[nodes] = model.log_probabilities(final[np.concatenate(parents)], targets)
    return scores


def worker_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of a worker: one BLAS thread, and the modules of this process."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**inherited, **threads, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}


class Worker:
    """A worker process. Use it as a context manager, from one thread."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "aarlab.w2s.backends.worker"]
        environment = worker_environment(os.environ)
        pipe = subprocess.PIPE
        # In a process group of its own, so that Ctrl-C reaches the parent only, which then ends its workers.
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, process_group=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._process.communicate()

    def run(self, job: Job) -> list[Result]:
        """Sends a job and waits. Raises OperatorError when the worker has died."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump(job, self._process.stdin)
            self._process.stdin.flush()
            results: list[Result] = pickle.load(self._process.stdout)
        except (EOFError, BrokenPipeError) as error:
            raise OperatorError("a language model worker ended early; each needs 0.7 GB of memory") from error
        return results


def serve() -> None:
    """Answers jobs from standard input until the parent closes it or is gone."""
    model = load()
    with suppress(EOFError, BrokenPipeError):
        while True:
            pickle.dump(run_job(model, pickle.load(sys.stdin.buffer)), sys.stdout.buffer)
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    # The parent pickles these classes under the module's real name, not as __main__.
    from aarlab.w2s.backends.worker import serve as serve_under_its_name

    serve_under_its_name()
