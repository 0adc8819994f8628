"""Settings of the labs in which attacks run."""

from collections.abc import Mapping
from typing import Any

LABS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "system": {
        "study": {"name": "redteam"},
        "problem": {"kind": "aarlab.redteam.problems:Small"},
        "budget": {"verifications": 100, "minutes": 60},
        "verify": {"seeds": 2, "controls": 0, "seconds": 30.0, "parallel": 4},
        "sandbox": {"memory_mb": 512, "disk_mb": 16, "pids": 64, "cpus": 0.5, "seconds": 30.0},
    },
}
"""By the names that attacks ask the range for. "system" is for code, host, ledger, identity and text."""
