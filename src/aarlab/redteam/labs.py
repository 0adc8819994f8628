"""Settings of the labs on the range. What is not named here is as in every study."""

from collections.abc import Mapping
from typing import Any

SEED = 11
"""Fixed, so that a run of the suite can be repeated; the attackers do not know it."""
_PAIRS: Mapping[str, Mapping[str, Any]] = {
    "study": {"name": "pairs", "seed": SEED},
    "problem": {"kind": "aarlab.redteam.pairs:Pairs"},
    "verify": {"seeds": 3, "seconds": 30.0, "parallel": 2, "controls": 0, "answer_every": 0},
    "sandbox": {"memory_mb": 512, "disk_mb": 16},
}
_SYSTEM: Mapping[str, Mapping[str, Any]] = {
    "study": {"name": "system"},
    "problem": {"kind": "aarlab.redteam.small:Small"},
    "budget": {"verifications": 100, "minutes": 60},
    "verify": {"seeds": 2, "controls": 0, "seconds": 30.0, "parallel": 4, "answer_every": 0},
    # Half a core a sandbox, so that a host with one core shows whether the limit holds.
    "sandbox": {"memory_mb": 512, "disk_mb": 16, "pids": 64, "cpus": 0.5, "seconds": 30.0},
}
_CANDIDATES = "aarlab.redteam.candidates"
_SHOWN: Mapping[str, Mapping[str, Any]] = {
    "verify": {"protocol": "predictions", "answer_every": 0},
    "sandbox": {"memory_mb": 512, "disk_mb": 16},
}
LABS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "pairs": _PAIRS,
    "flips": {**_PAIRS, **_SHOWN, "study": {"name": "flips", "seed": SEED}},
    "answers": {**_SHOWN, "study": {"name": "answers", "seed": SEED}, "problem": {"kind": f"{_CANDIDATES}:Answers"}},
    "programs": {**_SHOWN, "study": {"name": "programs", "seed": SEED}, "problem": {"kind": f"{_CANDIDATES}:Programs"}},
    "system": _SYSTEM,
    "timed": {**_SYSTEM, "study": {"name": "timed"}, "verify": {**_SYSTEM["verify"], "answer_every": 5.0}},
}
"""Name -> settings, as `Range` wants them. "timed" gives its answers at fixed times, as every study does; in
"answers" and "programs" everybody sees the texts and hands in predictions."""
