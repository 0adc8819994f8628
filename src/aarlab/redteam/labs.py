"""Settings of the labs on the range. What is not named here is as in every study."""

from collections.abc import Mapping
from typing import Any

SEED = 11
"""Fixed, so that a run of the suite can be repeated; the attackers do not know it."""
LABS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "pairs": {
        "study": {"name": "pairs", "seed": SEED},
        "problem": {"kind": "aarlab.redteam.pairs:Pairs"},
        "verify": {"seeds": 3, "seconds": 30.0, "parallel": 2, "controls": 0},
        "sandbox": {"memory_mb": 512, "disk_mb": 16},
    },
}
"""Name -> settings, as `Range` wants them."""
