"""What the settings of methods may be, so that a slip is one clear line before anything is trained."""

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

from aarlab.errors import UserError

COUNTS = {
    "bins": 2,
    "epochs": 1,
    "folds": 2,
    "generations": 0,
    "k": 1,
    "members": 1,
    "passes": 1,
    "patience": 1,
    "population": 1,
    "practised": 8,
    "rank": 1,
    "searched": 8,
    "shots": 2,
    "stages": 1,
    "steps": 1,
    "tries": 1,
    "tokens": 8,
    "turns": 0,
    "votes": 1,
}
"""Whole numbers by name, each with the smallest that makes sense."""

NUMBERS: Mapping[str, tuple[float, float]] = {
    "above": (0.5, 1.0),
    "alpha": (0.0, 1.0),
    "cooling": (0.0, 1e3),
    "decay": (0.0, 10.0),
    "distrust": (0.0, 1.0),
    "gamma": (0.0, 100.0),
    "held_out": (0.05, 0.9),
    "hottest": (1e-9, 1e6),
    "keep": (0.01, 1.0),
    "l2": (1e-9, 1e9),
    "rate": (1e-6, 10.0),
    "share": (0.01, 1.0),
    "sharpness": (0.0, 100.0),
    "sigma": (1e-6, 10.0),
    "smoothing": (0.0, 0.99),
    "student_power": (0.0, 100.0),
    "teacher_power": (0.0, 100.0),
    "temperature": (0.01, 100.0),
    "trim": (0.0, 0.499),
    "warmup": (0.0, 1.0),
    "weight": (0.0, 1e6),
}
"""Numbers by name, each with its smallest and largest value."""


def check(method: str, name: str, value: Any, default: Any) -> None:
    """Raises UserError where `value` is of another kind than `default` or out of bounds. Choices: `one_of`."""
    if value is None and default is None:
        return
    if isinstance(default, bool | str):
        kind = "true or false" if isinstance(default, bool) else "text"
        if not isinstance(value, type(default)):
            raise _refused(method, name, kind, value)
    elif name in COUNTS:
        least = COUNTS[name]
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
            raise _refused(method, name, f"a whole number of at least {least}", value)
    else:
        low, high = NUMBERS[name]
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not low <= float(value) <= high:
            raise _refused(method, name, f"a number from {low:g} to {high:g}", value)


def one_of(name: str, value: str, choices: Sequence[str]) -> None:
    """Raises UserError when `value` is none of the choices."""
    if value not in choices:
        raise UserError(f"{name} must be one of {', '.join(choices)}, not {value!r}")


def _refused(method: str, name: str, kind: str, value: Any) -> UserError:
    return UserError(f"method {method}: {name} must be {kind}, not {value!r}")
