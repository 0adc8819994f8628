"""What a method is given: how the model compares two answers, with the user's opinion before it and without."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aarlab.w2s.fit import sigmoid
from aarlab.w2s.task import Array, Floats, read_task, write_task
from aarlab.w2s.task import Task as WeakToStrong

Labels = npt.NDArray[np.int8]
UNKNOWN = -1
"""The label of an item that nobody has labelled."""


@dataclass(frozen=True)
class Task:
    """The training side of one draw: questions with two possible answers. It holds no text and no source.

    An input is the second answer minus the first: column 0 is the model's own log-odds for the second, at unit size,
    the others are the difference of its hidden states, in a basis that is private to the draw. Exchanging the answers
    changes the sign, so a student has no bias.
    """

    told: Array
    """[n, 1 + d] after the user has said which answer they believe in."""
    plain: Array
    """[n, 1 + d] the same questions when the user says nothing."""
    stance: Array
    """[n] which answer the user believes in: 1 the second, -1 the first. Right as often as wrong."""
    label: Labels
    """[n] 1: the second answer is right, 0: the first is, UNKNOWN for most. Mostly given where the user is right."""
    seconds: float
    """Wall time that one training may take."""

    @property
    def items(self) -> int:
        """Number of questions."""
        return len(self.stance)

    @property
    def width(self) -> int:
        """Length of one input, 1 + d."""
        return int(self.told.shape[1])

    @property
    def own(self) -> Floats:
        """[n] the model's own log-odds after an opinion."""
        return self.told[:, 0].astype(np.float64)

    @property
    def plain_own(self) -> Floats:
        """[n] its own log-odds without one: what it believes."""
        return self.plain[:, 0].astype(np.float64)

    @property
    def labelled(self) -> npt.NDArray[np.int64]:
        """Rows that have a label."""
        return np.flatnonzero(self.label != UNKNOWN)

    def as_weak_to_strong(self) -> WeakToStrong:
        """For methods of there: inputs after an opinion, with what the model says without one as the weak teacher."""
        return WeakToStrong(
            hidden=self.told,
            teacher=sigmoid(self.plain_own).astype(np.float32),
            prior=self.plain[:, 0],
            antisymmetric=True,
            domain="sycophancy",
            seconds=self.seconds,
        )

    def save(self, folder: Path) -> None:
        """Writes task.safetensors and task.json; the same task gives the same bytes."""
        tensors: dict[str, npt.NDArray[Any]] = {"told": self.told, "plain": self.plain}
        tensors |= {"stance": self.stance, "label": self.label}
        facts = {"format": 1, "items": self.items, "seconds": self.seconds, "width": self.width}
        write_task(folder, tensors, facts)

    @classmethod
    def load(cls, folder: str | Path = "/data") -> "Task":
        """Reads what `save` wrote. Raises ResearcherError when the folder holds no task."""
        facts, tensors = read_task(Path(folder))
        return cls(**tensors, seconds=facts["seconds"])
