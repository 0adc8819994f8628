"""Settings of the lab "system", in which identity, code, host, ledger and text are attacked."""

from collections.abc import Mapping
from typing import Any

SYSTEM: Mapping[str, Mapping[str, Any]] = {
    "study": {"name": "redteam"},
    "problem": {"kind": "aarlab.redteam.small:Small"},
    "budget": {"verifications": 100, "minutes": 60},
    "verify": {"seeds": 2, "controls": 0, "seconds": 30.0, "parallel": 4},
    "sandbox": {"memory_mb": 512, "disk_mb": 16, "pids": 64, "cpus": 0.5, "seconds": 30.0},
}
"""Half a core a sandbox, so that a host with one core shows whether the limit holds."""
