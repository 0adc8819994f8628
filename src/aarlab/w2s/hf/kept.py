"""A language model whose results lie on disk, each under a name that follows from all that can change it.

What is asked again is read instead of computed, by any process with the same folder; a training that was cut short goes
on where it was. A name holds the model's files or commit, items, targets, weights, seed, recipe, versions of libraries
and of this code; it does not hold the kind of GPU nor the number of processes, which change results in their rounding.
"""

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from aarlab.canonical import digest, digest_json, write_atomic
from aarlab.errors import OperatorError
from aarlab.w2s.hf import VERSION
from aarlab.w2s.hf.model import CHECKPOINT_SECONDS, LanguageModel
from aarlab.w2s.strong import Retarget, Texts
from aarlab.w2s.task import Array, Floats
from aarlab.w2s.tuned import Tuned

if TYPE_CHECKING:
    from aarlab.w2s.hf.train import Progress

LIBRARIES = ("numpy", "peft", "tokenizers", "torch", "transformers")
"""Those whose versions may change a number."""
TRAININGS = "trainings"
Anything = npt.NDArray[Any]


class Kept:
    """A LanguageModel with a memory on disk. Results are kept by call: ask for whole pools, and take rows of them.

    For one thread; processes may share the folder, also those of one `accelerate launch`. Methods raise what those of
    the model do, and OperatorError when the folder cannot be written.
    """

    def __init__(self, model: LanguageModel, folder: Path, *, every: float = CHECKPOINT_SECONDS) -> None:
        """`folder` is made where needed; an unfinished training leaves its state there every `every` seconds."""
        _make(folder)
        self.model = model
        self.folder = folder
        self._every = every
        self._made_by = [VERSION, {name: version(name) for name in LIBRARIES}, model.digest]

    def finetune(
        self,
        items: Sequence[Texts],
        target: Floats,
        *,
        seed: int,
        weight: Floats | None = None,
        retarget: Retarget | None = None,
        name: str | None = None,
        epochs: float | None = None,
        start: Tuned | None = None,
        progress: "Progress | None" = None,
    ) -> Tuned:
        """As LanguageModel.finetune. With `retarget` it is kept only if `name` says what that function does: the same
        name must always stand for the same function."""

        def train(folder: Path | None) -> Tuned:
            options: dict[str, Any] = {"weight": weight, "retarget": retarget, "epochs": epochs, "start": start}
            options |= {"checkpoint": folder, "every": self._every, "progress": progress}
            return self.model.finetune(items, target, seed=seed, **options)

        if retarget is not None and name is None:
            return train(None)
        facts = [items, _digest(target), None if weight is None else _digest(weight), int(seed), name, _student(start)]
        passes = self.model.recipe.epochs if epochs is None else float(epochs)
        file = self._file(TRAININGS, [*facts, passes, self.model.recipe.model_dump()])
        found = self._once(file, lambda: self._trained(file, train))
        return Tuned.from_bytes(found.tobytes(), shapes=self.model.shapes, max_bytes=found.nbytes)

    def label_logits(self, items: Sequence[Texts], *, student: Tuned | None = None) -> Floats:
        """As LanguageModel.label_logits."""
        facts = [items, self._longest, None if student is None else [_student(student), self.model.recipe.alpha]]
        return self._once(self._file("logits", facts), lambda: self.model.label_logits(items, student=student))

    def hidden(self, items: Sequence[Texts], *, layer: int) -> Array:
        """As LanguageModel.hidden."""
        file = self._file("hidden", [items, self._longest, layer])
        return self._once(file, lambda: self.model.hidden(items, layer=layer))

    def prior(self, items: Sequence[Texts]) -> Floats:
        """As LanguageModel.prior."""
        return np.asarray(self.prior_margins(items).mean(axis=0), np.float64)

    def prior_margins(self, items: Sequence[Texts]) -> Floats:
        """As LanguageModel.prior_margins."""
        return self._once(self._file("prior", [items, self._longest]), lambda: self.model.prior_margins(items))

    @property
    def _longest(self) -> int:
        return self.model.recipe.max_tokens

    def _file(self, kind: str, facts: list[Any]) -> Path:
        return self.folder / kind / f"{digest_json([kind, self._made_by, facts])}.safetensors"

    def _once(self, file: Path, make: Callable[[], Anything]) -> Anything:
        """What is in the file, or what `make` gives, which then is."""
        processes = self.model.processes
        found = _read(file)
        if all(processes.gather([found is not None])) and found is not None:
            return found
        made = make()
        if processes.rank == 0:
            _write(file, made)
        processes.wait()
        return made

    def _trained(self, file: Path, train: Callable[[Path | None], Tuned]) -> Anything:
        with self._alone(file.with_suffix("")) as folder:
            return np.frombuffer(train(folder).to_bytes(), np.uint8)

    @contextmanager
    def _alone(self, folder: Path) -> Iterator[Path | None]:
        """`folder` for the state of a training, removed at its end; None while others are at the same training."""
        processes = self.model.processes
        _make(folder.parent)
        with folder.with_suffix(".lock").open("ab") as lock:
            mine = processes.rank == 0 and _locked(lock.fileno())
            mine = processes.gather([mine])[0]
            yield folder if mine else None
            if mine and processes.rank == 0:
                shutil.rmtree(folder, ignore_errors=True)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(file: Path) -> Anything | None:
    """The array in a file; None when there is no such file, or something happened to it."""
    try:
        found = load(file.read_bytes())
    except (FileNotFoundError, SafetensorError):
        return None
    if set(found) != {"value", "seal"} or found["seal"].tobytes() != _seal(file, found["value"]):
        return None
    return found["value"]


def _write(file: Path, value: Anything) -> None:
    data = save({"value": np.ascontiguousarray(value), "seal": np.frombuffer(_seal(file, value), np.uint8)})
    _make(file.parent)
    try:
        write_atomic(file, data)
    except OSError as error:
        raise OperatorError(f"results cannot be kept in {file.parent}: {error.strerror}") from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(f"results cannot be kept in {folder}: {error.strerror}") from error


def _seal(file: Path, value: Anything) -> bytes:
    head = f"{file.stem} {value.dtype.str} {value.shape} ".encode()
    return hashlib.sha256(head + value.tobytes()).digest()


def _digest(numbers: Floats) -> str:
    array = np.asarray(numbers, np.float64)
    return digest(f"{array.shape} ".encode() + array.tobytes())


def _student(student: Tuned | None) -> str | None:
    return None if student is None else digest(student.to_bytes())
