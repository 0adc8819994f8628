"""What a method is given: inputs, the teacher's labels and the strong model's own prior, as numbers only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save

from aarlab.errors import ResearcherError

if TYPE_CHECKING:
    from aarlab.w2s.strong import StrongModel

Array = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Task:
    """The training side of one draw. It holds no ground truth, no group, no source and no text.

    With `antisymmetric` features an item is a pair and `hidden` is the difference of its two responses: swapping
    the responses gives -hidden, -prior and 1 - teacher, so a consistent student has no bias.
    """

    hidden: Array
    """[n, d] frozen hidden states of the strong model, scaled to about unit size; the basis is private to the draw."""
    teacher: Array
    """[n] soft labels of the weak teacher: its P(y = 1 | x)."""
    prior: Array
    """[n] zero-shot log-odds of the strong model itself, centred and scaled to unit size."""
    antisymmetric: bool
    """True for pairs."""
    domain: str
    """For example "chat", or the name of the user's folder."""
    seconds: float
    """Wall time that one training may take."""
    strong: "StrongModel | None" = None
    """The strong model itself, on the hf backend; None on the probe backend, which has its hidden states only."""

    @property
    def items(self) -> int:
        """Number of train inputs."""
        return int(self.hidden.shape[0])

    @property
    def dimension(self) -> int:
        """Length of one hidden state."""
        return int(self.hidden.shape[1])

    @property
    def hard(self) -> Floats:
        """[n] the teacher's hard labels, 0.0 or 1.0."""
        return (self.teacher > 0.5).astype(np.float64)

    def swapped(self) -> "Task":
        """The same pairs with their responses exchanged. Raises ResearcherError where items are not pairs."""
        if not self.antisymmetric:
            raise ResearcherError("these items are single answers: there is nothing to swap")
        if self.strong is not None:
            raise ResearcherError("the strong model is asked in both orders by itself, and reads no swapped task")
        return replace(self, hidden=-self.hidden, teacher=1 - self.teacher, prior=-self.prior)

    @property
    def model(self) -> "StrongModel":
        """`strong`, for a method that cannot do without. Raises ResearcherError on the probe backend."""
        if self.strong is None:
            raise ResearcherError(
                "the probe backend has no model to fine-tune, prompt or let write: it has frozen hidden states "
                "(task.hidden) and zero-shot log-odds (task.prior)"
            )
        return self.strong

    def save(self, folder: Path, *, backend: Literal["probe", "hf"] = "probe") -> None:
        """Writes task.safetensors and task.json; the same task gives the same bytes. The model is not written here."""
        tensors = {"hidden": self.hidden, "prior": self.prior, "teacher": self.teacher}
        facts: dict[str, object] = {
            "antisymmetric": self.antisymmetric,
            "backend": backend,
            "domain": self.domain,
            "format": 1,
        }
        facts |= {"items": self.items, "dimension": self.dimension, "seconds": self.seconds}
        write_task(folder, tensors, facts)

    @classmethod
    def load(cls, folder: str | Path = "/data") -> "Task":
        """Reads what `save` wrote. Raises ResearcherError when the folder holds no task."""
        facts, tensors = read_task(Path(folder))
        named = {name: facts[name] for name in ("antisymmetric", "domain", "seconds")}
        named["strong"] = _strong(Path(folder)) if facts["backend"] == "hf" else None
        return cls(hidden=tensors["hidden"], teacher=tensors["teacher"], prior=tensors["prior"], **named)


def _strong(folder: Path) -> "StrongModel":
    from aarlab.w2s.hf.inside import open_strong  # the probe backend is without

    return open_strong(folder)


def write_task(folder: Path, tensors: Mapping[str, npt.NDArray[Any]], facts: Mapping[str, object]) -> None:
    """Writes task.safetensors and task.json: the files of a task, of any problem whose tasks are tensors and facts."""
    (folder / "task.safetensors").write_bytes(save(dict(tensors)))
    (folder / "task.json").write_text(json.dumps(facts, sort_keys=True) + "\n", encoding="utf-8")


def read_task(folder: Path) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """The facts and the read-only tensors that `write_task` wrote. Raises ResearcherError when there are none."""
    try:
        facts = json.loads((folder / "task.json").read_text(encoding="utf-8"))
        tensors = load_file(folder / "task.safetensors")
    except OSError as error:
        raise ResearcherError(f"{folder} holds no task: {error.strerror} ({error.filename})") from error
    for array in tensors.values():
        array.setflags(write=False)  # so that one training cannot change what the next one sees
    return facts, tensors
