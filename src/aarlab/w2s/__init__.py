"""Weak-to-strong: what a method may use. The lab's side lives in `aarlab.w2s.problem` and is not part of a sandbox.

Linear algebra gets one thread, unless the environment says otherwise: the matrices are small and many processes run
side by side (two threads on two busy cores were measured 15 times slower than one), and sums keep their order, so
that a draw is the same to the byte. numpy reads these variables when it is first imported, which is why nothing is
imported here before they are set.
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aarlab.w2s.student import Student
    from aarlab.w2s.task import Task
    from aarlab.w2s.tuned import AnyStudent, Tuned

__all__ = ["AnyStudent", "Student", "Task", "Tuned"]

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


def __getattr__(name: str) -> Any:
    """Imports on first use."""
    if name == "Student":
        from aarlab.w2s.student import Student

        return Student
    if name == "Task":
        from aarlab.w2s.task import Task

        return Task
    if name in ("AnyStudent", "Tuned"):
        from aarlab.w2s import tuned

        return getattr(tuned, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
