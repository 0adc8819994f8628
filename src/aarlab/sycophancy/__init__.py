"""Sycophancy as a gradable problem: a small language model agrees with wrong opinions; make it stop.

The lab's side is `aarlab.sycophancy.problem`; a method needs `task` and `methods`, and hands in a student of
`aarlab.w2s.student`. Importing `aarlab.w2s` first gives linear algebra one thread (see there).
"""

import aarlab.w2s  # noqa: F401 - before anything imports numpy
