"""Fine-tuning of one adapter: cross-entropy over two label tokens with soft targets, resumable to the same bits."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from aarlab.canonical import digest, digest_json, write_atomic
from aarlab.errors import ResearcherError
from aarlab.w2s.hf import VERSION
from aarlab.w2s.hf.adapters import Slots
from aarlab.w2s.hf.passes import Passes
from aarlab.w2s.hf.settings import Recipe
from aarlab.w2s.hf.tokens import Row
from aarlab.w2s.strong import Retarget
from aarlab.w2s.task import Floats
from aarlab.w2s.tuned import Adapter, Tuned

Progress = Callable[[int, int], None]
BETAS = (0.9, 0.95)
CLIP = 1.0
"""Longest gradient."""
BUCKET = 8
"""Batches that are sorted by length together: padding falls, and batches stay nearly random."""
STATE = "state.safetensors"


@dataclass(frozen=True)
class Job:
    """One training. Items without weight are gone already."""

    rows: tuple[Sequence[Row], Sequence[Row]]
    """[n] as given, and with their answers exchanged; twice the same for single answers."""
    target: Floats
    """[n] of the items as given."""
    weight: Floats
    """[n] with mean 1."""
    signs: bool
    """Whether the second kind of row asks for the opposite."""
    seed: int
    recipe: Recipe
    epochs: float
    retarget: Retarget | None = None
    start: Adapter | None = None


@dataclass(frozen=True)
class Step:
    """One batch."""

    items: NDArray[np.int64]
    """Longest first."""
    swap: NDArray[np.bool_]
    """Which of them are asked with their answers exchanged."""


def plan(lengths: Sequence[int], *, batch: int, epochs: float, seed: int) -> list[Step]:
    """The batches of a training: in every epoch each item once, similar lengths together, order and swaps random."""
    size = np.asarray(lengths)
    wanted = max(1, round(epochs * -(-len(size) // batch)))
    steps: list[Step] = []
    epoch = 0
    while len(steps) < wanted:
        generator = np.random.default_rng([seed, epoch])
        order, swap = generator.permutation(len(size)), generator.random(len(size)) < 0.5
        groups = []
        for at in range(0, len(order), BUCKET * batch):
            bucket = order[at : at + BUCKET * batch]
            bucket = bucket[np.argsort(-size[bucket], kind="stable")]
            groups += [bucket[begin : begin + batch] for begin in range(0, len(bucket), batch)]
        steps += [Step(groups[at], swap[groups[at]]) for at in generator.permutation(len(groups))]
        epoch += 1
    return steps[:wanted]


def rate(step: int, *, steps: int, recipe: Recipe) -> float:
    """Learning rate of a step, counted from 0: up during the warm-up, then down to nearly zero."""
    warm = int(recipe.warmup * steps)
    return recipe.rate * ((step + 1) / warm if step < warm else (steps - step) / (steps - warm))


class Trainer:
    """Trains the adapter in the slot of its rank. All processes run the same steps on their share of each batch."""

    def __init__(self, job: Job, *, passes: Passes, slots: Slots) -> None:
        import torch

        self._job, self._passes, self._slots = job, passes, slots
        lengths = [len(row.ids) for row in job.rows[0]]
        self._plan = plan(lengths, batch=job.recipe.batch, epochs=job.epochs, seed=job.seed)
        self._rank = job.recipe.rank if job.start is None else slots.fill(job.start)
        if job.start is None:
            slots.begin(self._rank, seed=job.seed)
        self._parameters = slots.parameters(self._rank)
        self._optimiser = torch.optim.AdamW(self._parameters, lr=job.recipe.rate, betas=BETAS, weight_decay=0.0)

    def run(self, *, folder: Path | None, every: float, progress: Progress | None) -> Adapter:
        """All steps, or those that a state in `folder` lacks; a state is left there every so many seconds."""
        import torch

        devices = [self._passes.processes.device] if self._passes.processes.device.startswith("cuda") else []
        with torch.random.fork_rng(devices=devices), self._slots.using(self._rank), self._training():
            self._loop(folder, every, progress)
        return self._slots.read(self._rank)

    def _loop(self, folder: Path | None, every: float, progress: Progress | None) -> None:
        done, kept = (self._resume(folder) if folder else 0), time.monotonic()
        for number in range(done, len(self._plan)):
            self._step(number)
            if progress is not None:
                progress(number + 1, len(self._plan))
            if folder is not None and (time.monotonic() - kept >= every or number + 1 == len(self._plan)):
                self._keep(folder, number + 1)
                kept = time.monotonic()

    def _training(self) -> "_Mode":
        return _Mode(self._passes.model, checkpointing=self._job.recipe.checkpointing)

    def _step(self, number: int) -> None:
        import torch

        step, processes = self._plan[number], self._passes.processes
        torch.manual_seed(self._job.seed + number)  # of dropout, so that a state on disk needs no generator's
        for parameter in self._parameters:
            parameter.grad = torch.zeros_like(parameter)
        own = processes.share(range(len(step.items)))
        size = self._job.recipe.micro_batch or max(1, len(own))
        pieces = [own[at : at + size] for at in range(0, len(own), size)]
        self._backward(step, pieces, number / len(self._plan))
        processes.add([parameter.grad for parameter in self._parameters])
        torch.nn.utils.clip_grad_norm_(self._parameters, CLIP, foreach=False)
        for group in self._optimiser.param_groups:
            group["lr"] = rate(number, steps=len(self._plan), recipe=self._job.recipe)
        self._optimiser.step()

    def _backward(self, step: Step, pieces: list[list[int]], done: float) -> None:
        import torch
        from torch.nn.functional import binary_cross_entropy_with_logits as loss

        whole = len(pieces) == 1 and self._passes.processes.count == 1
        target = self._target(step, done, None if whole or self._job.retarget is None else self._ask(step, pieces))
        for piece in pieces:
            logits = self._passes.log_odds([self._row(step, at) for at in piece])
            if whole and self._job.retarget is not None:
                target = self._target(step, done, logits.detach().double().cpu().numpy())
            goal, weight = (
                torch.tensor(part[piece], dtype=torch.float32, device=logits.device)
                for part in (target, self._job.weight[step.items])
            )
            losses = loss(logits, goal, weight=weight, reduction="none")
            (losses.sum() / len(step.items)).backward()

    def _ask(self, step: Step, pieces: list[list[int]]) -> Floats:
        """[batch] logits before the step, where no single pass has them all."""
        import torch

        own: list[tuple[int, float]] = []
        with torch.no_grad():
            for piece in pieces:
                found = self._passes.log_odds([self._row(step, at) for at in piece]).tolist()
                own += zip(piece, found, strict=True)
        return np.array([logit for _, logit in sorted(self._passes.processes.gather(own))])

    def _row(self, step: Step, at: int) -> Row:
        return self._job.rows[int(step.swap[at])][int(step.items[at])]

    def _target(self, step: Step, done: float, logits: Floats | None) -> Floats:
        """[batch] targets of the rows as they are asked; the method sees and moves those of the items as given."""
        flip = step.swap & self._job.signs
        target = self._job.target[step.items]
        if logits is not None and self._job.retarget is not None:
            target = _moved(self._job.retarget(np.where(flip, -logits, logits), target.copy(), done), len(target))
        return np.where(flip, 1 - target, target)

    def _facts(self) -> str:
        """What a state belongs to. The method's own function has no name: its caller's folder stands for it."""
        job = self._job
        rows = [[list(row.ids), list(row.words)] for rows in job.rows for row in rows]
        start = None if job.start is None else digest(Tuned((job.start,)).to_bytes())
        numbers = [job.target.tolist(), job.weight.tolist(), job.seed, job.epochs, job.retarget is not None]
        return digest_json([VERSION, rows, numbers, job.recipe.model_dump(), start])

    def _keep(self, folder: Path, done: int) -> None:
        from safetensors.torch import save

        if self._passes.processes.rank == 0:
            tensors: dict[str, Any] = {}
            for at, parameter in enumerate(self._parameters):
                state = self._optimiser.state[parameter]
                tensors |= {f"{at}.value": parameter.detach(), f"{at}.mean": state["exp_avg"]}
                tensors |= {f"{at}.square": state["exp_avg_sq"], f"{at}.step": state["step"]}
            tensors = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
            facts = {"facts": json.dumps({"job": self._facts(), "done": done}, sort_keys=True)}
            folder.mkdir(parents=True, exist_ok=True)
            write_atomic(folder / STATE, save(tensors, metadata=facts))
        self._passes.processes.wait()

    def _resume(self, folder: Path) -> int:
        """Steps done according to the folder; 0 unless every process finds the same state of this training there."""
        done, tensors = self._read(folder)
        if set(self._passes.processes.gather([done])) != {done} or done == 0:
            return 0
        for at, parameter in enumerate(self._parameters):
            parameter.data.copy_(tensors[f"{at}.value"])
            own = {"exp_avg": f"{at}.mean", "exp_avg_sq": f"{at}.square"}
            moved = {name: tensors[key].to(parameter.device) for name, key in own.items()}
            self._optimiser.state[parameter] = {**moved, "step": tensors[f"{at}.step"]}
        return done

    def _read(self, folder: Path) -> tuple[int, dict[str, Any]]:
        try:
            with safe_open(folder / STATE, framework="pt") as state:
                facts = json.loads(state.metadata()["facts"])
                if facts["job"] != self._facts():
                    return 0, {}
                return int(facts["done"]), {name: state.get_tensor(name) for name in state.keys()}  # noqa: SIM118
        except (FileNotFoundError, SafetensorError):
            return 0, {}


def _moved(target: Floats, count: int) -> Floats:
    """What a method's function gave, as [count] finite numbers. Raises ResearcherError."""
    moved = np.asarray(target, np.float64)
    if moved.shape != (count,) or not np.isfinite(moved).all():
        raise ResearcherError(f"retarget must give one number for each of the {count} targets of its batch")
    return moved


class _Mode:
    """The model in training mode, with activations recomputed where asked for; afterwards as it was."""

    def __init__(self, model: Any, *, checkpointing: bool) -> None:
        self._model, self._checkpointing = model, checkpointing

    def __enter__(self) -> None:
        self._model.train()
        if self._checkpointing:
            _named(self._model, "{}_checkpointing_enable")({"use_reentrant": False})

    def __exit__(self, *_: object) -> None:
        if self._checkpointing:
            _named(self._model, "{}_checkpointing_disable")()
        self._model.eval()


def _named(model: Any, name: str) -> Any:
    """A method by its name in transformers; before 5.24, which vLLM asks for, activations were called gradients."""
    found = getattr(model, name.format("activation"), None)
    return getattr(model, name.format("gradient")) if found is None else found
