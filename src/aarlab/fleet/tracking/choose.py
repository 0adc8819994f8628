"""Which tracker a study file names."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from aarlab.errors import UserError
from aarlab.fleet.tracking.protocol import Tracker

_KNOWN = {
    "jsonl": ("jsonl", "JsonLines", ()),
    "wandb": ("wandb", "Wandb", ("wandb",)),
    "mlflow": ("mlflow", "Mlflow", ("mlflow", "sqlalchemy")),
    "trackio": ("trackio", "Trackio", ("trackio",)),
    "tensorboard": ("tensorboard", "TensorBoard", ("tensorboardX",)),
}
"""By name: module here, class, and the packages that it needs."""


def require_tracker(name: str) -> None:
    """Raises UserError when the package of a tracker is not installed; the name "" is none."""
    missing = [package for package in (_KNOWN[name][2] if name else ()) if find_spec(package) is None]
    if missing:
        raise UserError(f"tracking.tracker = {name}: pip install 'aarlab[{name}]' ({missing[0]} is not installed)")


def make_tracker(name: str, *, folder: Path) -> Tracker:
    """The tracker of that name; what it keeps on the disk lies in `folder`."""
    module, kind, _ = _KNOWN[name]
    make: Callable[[Path], Tracker] = getattr(import_module(f"aarlab.fleet.tracking.{module}"), kind)
    return make(folder)
