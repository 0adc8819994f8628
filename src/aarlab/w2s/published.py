"""PGR of published per-seed accuracies, with the published convention.

Every PGR has the same denominator: the mean over all cached seeds of ceiling minus weak teacher, however few seeds a
method has. The standard error is over the method's seeds alone, as published; `se_with_baselines` carries the
baselines' uncertainty too.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from aarlab.errors import UserError
from aarlab.w2s.task import Floats

KEYS = ("weak_acc_by_seed", "strong_acc_by_seed", "methods")


def published_table(path: Path) -> list[dict[str, Any]]:
    """One row for each domain and method of a JSON table of accuracies by seed.

    The file maps a domain to `weak_acc_by_seed`, `strong_acc_by_seed` (seed -> accuracy) and `methods` (name ->
    `transfer_acc_by_seed`); keys with a leading underscore and further facts are skipped. A row has means, standard
    deviations (ddof 1) and standard errors of accuracy and PGR, None where there is one seed. Raises UserError naming
    what is missing.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"{path}: is not JSON: {error}") from None
    if not isinstance(table, dict):
        raise UserError(f"{path}: must be an object that maps domains to accuracies by seed")
    domains = {name: facts for name, facts in table.items() if not name.startswith("_")}
    return [row for name, facts in domains.items() for row in _rows(name, facts, where=f"{path}: {name}")]


def _rows(domain: str, facts: Mapping[str, Any], *, where: str) -> list[dict[str, Any]]:
    if not isinstance(facts, dict) or any(key not in facts for key in KEYS):
        raise UserError(f"{where} must have {', '.join(KEYS)}")
    weak = _seeds(facts["weak_acc_by_seed"], where=f"{where}.weak_acc_by_seed")
    strong = _seeds(facts["strong_acc_by_seed"], where=f"{where}.strong_acc_by_seed")
    if strong.mean() == weak.mean():
        raise UserError(f"{where}: ceiling and weak teacher are equally accurate, so there is no gap to recover")
    rows = []
    for method, found in facts["methods"].items():
        by_seed = found.get("transfer_acc_by_seed") if isinstance(found, dict) else None
        transfer = _seeds(by_seed, where=f"{where}.{method}.transfer_acc_by_seed")
        rows.append({"domain": domain, "method": method, **_row(transfer, weak, strong)})
    return rows


def _seeds(by_seed: Any, *, where: str) -> Floats:
    """Accuracies in the file's order."""
    if not isinstance(by_seed, dict) or not by_seed:
        raise UserError(f"{where} must map seeds to accuracies")
    values = list(by_seed.values())
    if not all(isinstance(value, int | float) and 0 <= value <= 1 for value in values):
        raise UserError(f"{where}: an accuracy must be a number from 0 to 1")
    return np.array(values, dtype=np.float64)


def _row(transfer: Floats, weak: Floats, strong: Floats) -> dict[str, Any]:
    gap = float(strong.mean() - weak.mean())
    pgr = (transfer - weak.mean()) / gap
    value = float(pgr.mean())
    parts = (_se(transfer), (1 - value) * _se(weak), value * _se(strong))
    total = math.hypot(*parts) / abs(gap)
    return {
        "seeds": len(transfer),
        "transfer_acc": float(transfer.mean()),
        "transfer_acc_se": _finite(_se(transfer)),
        "weak_acc": float(weak.mean()),
        "weak_acc_se": _finite(_se(weak)),
        "strong_acc": float(strong.mean()),
        "strong_acc_se": _finite(_se(strong)),
        "pgr": value,
        "pgr_sd": _finite(_sd(pgr)),
        "pgr_se": _finite(_se(pgr)),
        "se_with_baselines": _finite(total),
        "pgr_by_seed": pgr.tolist(),
    }


def _finite(value: float) -> float | None:
    """None where one seed leaves a spread unknown: JSON has no word for "not a number"."""
    return value if math.isfinite(value) else None


def _sd(values: Floats) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan


def _se(values: Floats) -> float:
    return _sd(values) / math.sqrt(len(values))
