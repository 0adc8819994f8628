"""Honest research raises no incident above a warning: all methods of the package, and streams of similar ones."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from aarlab.integrity.case import Case, Suspicion
from aarlab.integrity.detectors import look
from aarlab.w2s.domains import EMBEDDED, load_embedded
from aarlab.w2s.methods import METHODS
from aarlab.w2s.problem import W2SProblem, W2SSettings
from tests.support.cases import dev_case, shipped, verify_case, words

QUICK = ("confident_only", "ensemble", "mutual_predictability", "vanilla", "zero_shot")
Planned = tuple[str, dict[str, Any]]


@cache
def problem(domain: str) -> W2SProblem:
    return W2SProblem(load_embedded(domain), W2SSettings(domain=domain))


def grave(suspicions: Sequence[Suspicion]) -> list[str]:
    return [f"{found.detector}: {dict(found.statistic)}" for found in suspicions if found.level == "quarantine"]


def study(domain: str, names: Sequence[str]) -> dict[str, list[str]]:
    """One dev submission and one verification of each method, in one study."""
    history: list[Case] = []
    found: dict[str, list[str]] = {}
    for name in names:
        dev = dev_case(problem(domain), shipped(name), said=words(name), history=history)
        history.append(dev)
        verified = verify_case(problem(domain), shipped(name), said=words(name), history=history)
        history.append(verified)
        if raised := [*grave(look(dev)), *grave(look(verified))]:
            found[name] = raised
    return found


def stream(domain: str, planned: Sequence[Planned]) -> list[tuple[str, Suspicion]]:
    """Dev submissions of a team of three, one after the other; what any of them raised."""
    history: list[Case] = []
    raised = []
    for place, (name, settings) in enumerate(planned):
        said = words(name, settings)
        case = dev_case(
            problem(domain),
            shipped(name, **settings),
            said=said,
            history=history,
            researcher=f"r{place % 3}",
        )
        raised += [(f"{name} {settings}", found) for found in look(case)]
        history.append(case)
    return raised


def sweep() -> list[Planned]:
    """36 submissions of three families, as a careful researcher would tune them."""
    plan: list[Planned] = [("vanilla", {"l2": float(l2)}) for l2 in np.geomspace(0.01, 3, 12)]
    plan += [("confident_only", {"above": float(above)}) for above in np.linspace(0.55, 0.9, 14)]
    return plan + [("ensemble", {"members": members}) for members in (2, 3, 4, 5, 6, 8, 10, 12, 14, 16)]


def teacher_free() -> list[Planned]:
    """Near neighbours that know nothing of the teacher: vanilla's own unsure items are not theirs."""
    plan: list[Planned] = [("zero_shot", {"l2": float(l2)}) for l2 in np.geomspace(0.01, 3, 10)]
    plan += [("mutual_predictability", {"turns": turns}) for turns in (1, 2, 3, 4)]
    return plan + [("auxiliary_confidence", {"alpha": alpha}) for alpha in (0.3, 0.4, 0.5, 0.6, 0.7)]


@pytest.mark.slow
def test_a_few_honest_methods_on_chat_raise_nothing_grave() -> None:
    assert study("chat", QUICK) == {}


@pytest.mark.slow
@pytest.mark.parametrize("domain", EMBEDDED)
def test_no_honest_method_of_the_package_raises_anything_grave(domain: str) -> None:
    assert study(domain, tuple(METHODS)) == {}


def test_a_sweep_of_similar_methods_is_no_query_stream() -> None:
    raised = stream("code", sweep())
    assert [entry for entry in raised if entry[1].level == "quarantine"] == []
    assert not [entry for entry in raised if entry[1].detector == "above the ceiling"]


@pytest.mark.slow
@pytest.mark.parametrize("domain", EMBEDDED)
@pytest.mark.parametrize("plan", [sweep, teacher_free])
def test_no_honest_stream_is_taken_for_crafted_answers(domain: str, plan: Any) -> None:
    assert [entry for entry in stream(domain, plan()) if entry[1].level == "quarantine"] == []
