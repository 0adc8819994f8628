"""Known attacks on scorers, on the labs of this installation and on a naive scorer. See docs/teaching."""

import aarlab.w2s  # noqa: F401 - before anything imports numpy: it gives linear algebra one thread
