"""Features of texts: mean hidden states and likelihoods of responses, computed once and kept on disk.

Groups are packed as token trees, several to a forward pass, and shared out over worker processes with one BLAS thread
each. A result depends on its own group only, up to float32 rounding.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import cache as remembered
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aarlab.canonical import digest_json
from aarlab.w2s.backends.gguf import FloatArray, read_gguf
from aarlab.w2s.backends.smollm import LAYERS, MAX_TOKENS, load_tokenizer, weights_path
from aarlab.w2s.backends.store import FeatureStore
from aarlab.w2s.backends.worker import Job, Piece, Result, Worker

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VERSION = "smollm2-135m-instruct-q4_1/float32/1"
"""Part of every cache key: change it with anything that changes numbers."""
UNCONDITIONAL = "Answer:"
"""Prompt under which a response's unconditional likelihood is taken."""
BATCH_TOKENS = 1024
"""Tokens in one forward pass: more does not run faster and no longer fits into the cache."""
MOST_WORKERS = 8
"""Each worker holds 0.6 GB of weights."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class PromptGroup:
    """A prompt and the responses to score under it."""

    prompt: str
    """Full text before the response, template included."""
    responses: tuple[str, ...]
    """Texts that continue the prompt, with their leading space or line break."""


@dataclass(frozen=True)
class GroupFeatures:
    """What the model computes for the k responses of a group."""

    hidden: FloatArray
    """[k, layers, 576] hidden state, averaged over the response's tokens."""
    loglik: FloatArray
    """[k] sum of log p(token) over the response given the prompt, nats; nan when not asked for."""
    base: FloatArray
    """[k] the same given UNCONDITIONAL instead of the prompt; nan when not asked for."""
    tokens: NDArray[np.int64]
    """[k] number of tokens of the response."""


class ItemError(ValueError):
    """A text that the model cannot read."""

    def __init__(self, reason: str, *, group: int, response: int) -> None:
        super().__init__(f"item {group}: {reason}")
        self.reason = reason
        self.group = group
        """Index among the groups."""
        self.response = response
        """Index among the group's responses."""


@dataclass(frozen=True)
class _Task:
    """A piece of work with the name under which its result is kept."""

    key: str
    piece: Piece


def featurise(
    groups: Sequence[PromptGroup],
    *,
    layers: tuple[int, ...],
    likelihoods: bool = True,
    unconditional: bool = False,
    progress: Progress | None = None,
    cache: Path | None = None,
    workers: int | None = None,
) -> list[GroupFeatures]:
    """Encodes every response of every group.

    `layers` are 0 (embedding) to 30; `cache` is a folder in which finished work survives an interruption; `progress`
    gets tokens done and tokens in total. Without likelihoods only the layers up to the highest are run.

    Raises MissingModelError, ItemError when a prompt with one response exceeds MAX_TOKENS or a text is empty, and
    ValueError on layers that do not exist.
    """
    if not layers or not all(0 <= layer <= LAYERS for layer in layers):
        raise ValueError(f"layers must lie between 0 and {LAYERS}, not {layers}")
    options = Job((), layers, likelihoods, tuple(_ids([UNCONDITIONAL])[0]) if unconditional else ())
    plan = [[_Task(_key(piece, options), piece) for piece in pieces] for pieces in _pieces(groups)]
    with closing(FeatureStore(cache)) as store:
        _compute([task for tasks in plan for task in tasks], options, store, progress, workers or _workers())
        return [_merge(tasks, store) for tasks in plan]


def _workers() -> int:
    return min(os.cpu_count() or 1, MOST_WORKERS)


@remembered
def _tokenizer() -> "Tokenizer":
    return load_tokenizer(read_gguf(weights_path()))


def _ids(texts: Sequence[str]) -> list[list[int]]:
    return [e.ids for e in _tokenizer().encode_batch(list(texts), add_special_tokens=False)]


def _pieces(groups: Sequence[PromptGroup]) -> Iterator[list[Piece]]:
    """For each group its pieces: runs of responses that fit into MAX_TOKENS together with the prompt."""
    prompts = _ids([group.prompt for group in groups])
    responses = iter(_ids([text for group in groups for text in group.responses]))
    for index, (group, prompt) in enumerate(zip(groups, prompts, strict=True)):
        own = [tuple(next(responses)) for _ in group.responses]
        for number, response in enumerate(own):
            if not prompt or not response:
                raise ItemError("the prompt or the response is empty", group=index, response=number)
            if len(prompt) + len(response) > MAX_TOKENS:
                raise ItemError(f"prompt and response exceed {MAX_TOKENS} tokens", group=index, response=number)
        yield list(_split(tuple(prompt), own))


def _split(prompt: tuple[int, ...], responses: list[tuple[int, ...]]) -> Iterator[Piece]:
    taken: list[tuple[int, ...]] = []
    for response in responses:
        if Piece(prompt, (*taken, response)).size > MAX_TOKENS:
            yield Piece(prompt, tuple(taken))
            taken = []
        taken.append(response)
    if taken:
        yield Piece(prompt, tuple(taken))


def _key(piece: Piece, options: Job) -> str:
    settings = [VERSION, options.layers, options.likelihoods, options.unconditional]
    return digest_json([*settings, piece.prompt, piece.responses])


def _batches(tasks: Sequence[_Task]) -> Iterator[list[_Task]]:
    batch: list[_Task] = []
    for task in tasks:
        if batch and sum(t.piece.size for t in batch) + task.piece.size > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(task)
    if batch:
        yield batch


def _compute(
    tasks: Sequence[_Task], options: Job, store: FeatureStore, progress: Progress | None, workers: int
) -> None:
    """Fills the store with what it lacks."""
    missing = {task.key: task for task in tasks if not store.has(task.key)}
    total, batches = sum(t.piece.size for t in tasks), list(_batches(list(missing.values())))
    done = total - sum(t.piece.size for t in missing.values())
    for batch, results in _run(batches, options, min(workers, len(batches))):
        store.put(zip([task.key for task in batch], results, strict=True))
        done += sum(task.piece.size for task in batch)
        if progress is not None:
            progress(done, total)


def _run(batches: Sequence[list[_Task]], options: Job, workers: int) -> Iterator[tuple[list[_Task], list[Result]]]:
    """Yields each batch with its results, in order of completion."""
    if not batches:
        return
    with ExitStack() as stack:
        idle: SimpleQueue[Worker] = SimpleQueue()
        for _ in range(workers):
            idle.put(stack.enter_context(Worker()))
        threads = ThreadPoolExecutor(workers)
        stack.callback(threads.shutdown, wait=False, cancel_futures=True)
        jobs = [replace(options, pieces=tuple(task.piece for task in batch)) for batch in batches]
        pending = {threads.submit(_work, idle, job): batch for job, batch in zip(jobs, batches, strict=True)}
        for future in as_completed(pending):
            yield pending.pop(future), future.result()


def _work(idle: SimpleQueue[Worker], job: Job) -> list[Result]:
    """Runs a job on an idle worker. One that failed does not become idle again."""
    worker = idle.get()
    results = worker.run(job)
    idle.put(worker)
    return results


def _merge(tasks: Sequence[_Task], store: FeatureStore) -> GroupFeatures:
    results = [store.get(task.key) for task in tasks]
    tokens = [len(response) for task in tasks for response in task.piece.responses]
    return GroupFeatures(
        hidden=np.concatenate([result.hidden for result in results]),
        loglik=np.concatenate([result.loglik for result in results]),
        base=np.concatenate([result.base for result in results]),
        tokens=np.array(tokens, np.int64),
    )
