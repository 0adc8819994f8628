"""The results table: every method on every embedded domain over fresh draws, beside vanilla on the same draws."""

import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

import numpy as np

from aarlab.errors import UserError
from aarlab.paths import cache_folder
from aarlab.problem.contract import Progress
from aarlab.w2s.domains.embedded import EMBEDDED
from aarlab.w2s.methods import METHODS
from aarlab.w2s.pgr import Outcome, difference, summarise
from aarlab.w2s.problem import W2S, W2SProblem, W2SSettings
from aarlab.w2s.task import Floats


@dataclass(frozen=True)
class Variant:
    """A method under certain settings, as a row of the table."""

    label: str
    """Name of the row."""
    method: str
    """Name in METHODS."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What differs from the defaults."""


@dataclass(frozen=True)
class Run:
    """All variants on one draw."""

    outcomes: list[Outcome]
    """Of each variant."""
    seconds: list[float]
    """Its training took."""


VARIANTS = (
    Variant("vanilla", "vanilla"),
    Variant("soft labels", "soft_labels"),
    Variant("confident only", "confident_only"),
    Variant("top 20 % confident", "confident_only", {"share": 0.2}),
    Variant("confidence-weighted", "confident_only", {"weighted": True}),
    Variant("confidence auxiliary loss .5", "auxiliary_confidence"),
    Variant("confidence auxiliary loss .75", "auxiliary_confidence", {"alpha": 0.75}),
    Variant("entropy penalty", "auxiliary_confidence", {"harden": False}),
    Variant("product confidence", "product_confidence"),
    Variant("ensemble", "ensemble"),
    Variant("self-training", "self_training"),
    Variant("co-teaching", "self_training", {"partner": True}),
    Variant("zero-shot elicitation", "zero_shot"),
    Variant("label smoothing by neighbours", "neighbours"),
    Variant("CCS", "ccs"),
    Variant("first principal component", "principal"),
    Variant("EM posterior, student prior", "em_posterior", {"start": "student"}),
    Variant("EM posterior, zero-shot prior", "em_posterior"),
    Variant("agreement with own labels", "agreement", {"way": "student"}),
    Variant("weak-and-prior agreement", "agreement"),
    Variant("weak x prior product", "agreement", {"way": "product"}),
    Variant("mutual predictability", "mutual_predictability"),
    Variant("mutual predictability, from weak", "mutual_predictability", {"start": "teacher"}),
    Variant("low rank", "low_rank"),
    Variant("30 x L2", "vanilla", {"l2": 3.0}),
    Variant("difference in means", "mean_difference"),
    Variant("CCS + evolution strategies", "evolution"),
    Variant("overlap density", "overlap_density"),
    Variant("MDL curriculum", "curriculum"),
    Variant("epiplexity smoothing", "epiplexity"),
    Variant("EM posterior, logistic channel", "em_posterior", {"channel": "logistic", "turns": 1}),
    Variant("EM posterior, logistic channel, 3 turns", "em_posterior", {"channel": "logistic"}),
    Variant("bootstrapping by growing rank", "bootstrapping"),
    Variant("label smoothing", "label_smoothing"),
    Variant("early stopping", "early_stopping"),
    Variant("reverse KL", "reverse_kl"),
    Variant("born-again", "born_again"),
    Variant("internal coherence", "coherence"),
    Variant("internal coherence, from weak", "coherence", {"start": "teacher"}),
)


def results_table(
    domains: Sequence[str],
    *,
    seeds: int = 10,
    variants: Sequence[Variant] = VARIANTS,
    processes: int | None = None,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """One row for each domain and variant, by falling PGR within a domain.

    `pgr` is the mean over seeds of (T_i - W) / (C - W) with W and C averaged over all seeds, `se` its standard error
    over seeds with the baselines' (paired by seed), `low` and `high` the bootstrap interval of the board;
    `over_vanilla` and `over_vanilla_se` are paired over seeds, `over_vanilla_low` and `over_vanilla_high` over items
    and seeds (w2s.pgr.difference). Deterministic in all but `ms`. Raises UserError on an
    unknown domain or fewer than two seeds.
    """
    if unknown := [domain for domain in domains if domain not in EMBEDDED]:
        raise UserError(f"there is no embedded domain {unknown[0]!r}; there are {', '.join(EMBEDDED)}")
    problems = {domain: W2SSettings(domain=domain) for domain in domains}
    return table_of(problems, seeds=seeds, variants=variants, processes=processes, progress=progress)


def table_of(
    problems: Mapping[str, W2SSettings],
    *,
    seeds: int,
    variants: Sequence[Variant] = VARIANTS,
    processes: int | None = None,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """The same for any problems by name. Raises as `runs_of`."""
    found = runs_of(problems, seeds=seeds, variants=variants, processes=processes, progress=progress)
    return [row for name, runs in found.items() for row in _rows(name, runs, variants)]


def runs_of(
    problems: Mapping[str, W2SSettings],
    *,
    seeds: int,
    variants: Sequence[Variant],
    processes: int | None = None,
    progress: Progress | None = None,
) -> dict[str, list[Run]]:
    """By problem, all variants on each of the draws 0, 1, ... Models are fine-tuned in one process, whatever
    `processes` says.

    Raises UserError on fewer than two seeds, and what `W2S.build` raises.
    """
    if seeds < 2:
        raise UserError(f"a table needs at least 2 seeds to show an uncertainty, not {seeds}")
    if any(_prepared(settings, progress) for settings in problems.values()):
        processes = 1
    jobs = [(settings, seed, tuple(variants)) for settings in problems.values() for seed in range(seeds)]
    names = [name for name in problems for _ in range(seeds)]
    found: dict[str, list[Run]] = {name: [] for name in problems}
    for done, (name, run) in enumerate(zip(names, _runs(jobs, processes), strict=True), start=1):
        found[name].append(run)
        if progress is not None:
            progress(done, len(jobs), f"{name} draw")
    return found


def _prepared(settings: W2SSettings, progress: Progress | None) -> bool:
    """Whether its models are fine-tuned; it is built then, with progress, as what is not embedded is anyway."""
    if settings.data is None and settings.backend == "probe":
        return False
    _BUILT[settings] = problem = W2S.build(settings, cache=cache_folder(), progress=progress)
    if settings.backend == "probe":
        return False
    from aarlab.w2s.hf.problem import TunedProblem  # the probe backend is without

    assert isinstance(problem, TunedProblem)
    problem.desk.tell(progress)
    return True


Job = tuple[W2SSettings, int, tuple[Variant, ...]]
_BUILT: dict[W2SSettings, W2SProblem] = {}
"""Problems of this process."""


def _runs(jobs: Sequence[Job], processes: int | None) -> Iterator[Run]:
    count = min(processes or len(os.sched_getaffinity(0)), len(jobs))
    if count <= 1:
        yield from map(_run, jobs)
        return
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_run, jobs)


def _problem(settings: W2SSettings) -> W2SProblem:
    if settings not in _BUILT:
        _BUILT[settings] = W2S.build(settings, cache=cache_folder())
    return _BUILT[settings]


def _run(job: Job) -> Run:
    settings, seed, variants = job
    world = _problem(settings).draw(seed).world
    _ = world.task  # made here, so that its time is nobody's
    outcomes, seconds = [], []
    for variant in variants:
        began = time.perf_counter()
        student = world.trained(variant.method, seed=seed, **variant.settings)
        seconds.append(time.perf_counter() - began)
        outcomes.append(world.outcome(world.right(student)))
    return Run(outcomes, seconds)


def _rows(domain: str, runs: Sequence[Run], variants: Sequence[Variant]) -> list[dict[str, Any]]:
    vanilla = next((i for i, v in enumerate(variants) if v.method == "vanilla" and not v.settings), None)
    base = None if vanilla is None else [run.outcomes[vanilla] for run in runs]
    rows = [_row(domain, variant, runs, column, base) for column, variant in enumerate(variants)]
    return sorted(rows, key=lambda row: -row["pgr"])


def _accuracy(runs: Sequence[Run], column: int) -> Floats:
    """[3, seeds] accuracies of transfer, weak and ceiling."""
    outcomes = [run.outcomes[column] for run in runs]
    return np.array([[o.transfer.mean(), o.weak.mean(), o.ceiling.mean()] for o in outcomes], dtype=np.float64).T


def _row(
    domain: str, variant: Variant, runs: Sequence[Run], column: int, base: Sequence[Outcome] | None
) -> dict[str, Any]:
    transfer, weak, ceiling = _accuracy(runs, column)
    gap = float(ceiling.mean() - weak.mean())
    pgr = float(transfer.mean() - weak.mean()) / gap
    outcomes = [run.outcomes[column] for run in runs]
    score = summarise(outcomes)
    over = None if base is None else (transfer - np.array([o.transfer.mean() for o in base])) / gap
    paired = None if base is None else difference(outcomes, base)
    return {
        "domain": domain,
        "method": variant.label,
        "name": variant.method,
        "settings": dict(variant.settings),
        "family": METHODS[variant.method].family,
        "seeds": len(runs),
        "pgr": pgr,
        "se": _se((transfer - weak - pgr * (ceiling - weak)) / gap),
        "refusal": score.refusal,
        "low": score.low,
        "high": score.high,
        "transfer_acc": float(transfer.mean()),
        "weak_acc": float(weak.mean()),
        "strong_acc": float(ceiling.mean()),
        "over_vanilla": None if over is None else float(over.mean()),
        "over_vanilla_se": None if over is None else _se(over),
        "over_vanilla_low": paired[1] if paired else None,
        "over_vanilla_high": paired[2] if paired else None,
        "ms": 1000 * float(np.mean([run.seconds[column] for run in runs])),
    } | {name: score.facts[name] for name in ("by_distribution",) if name in score.facts}


def _se(values: Floats) -> float:
    return float(values.std(ddof=1)) / math.sqrt(len(values))
