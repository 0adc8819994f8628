"""benchmarks/ordering.py: what it counts, by hand, and that its page has a line for every method."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from aarlab.w2s.methods import METHODS
from aarlab.w2s.pgr import Outcome
from aarlab.w2s.task import Task
from benchmarks.ordering import BEGIN, BOTH, END, PRIOR, agreement, ends, markdown, rows

ROOT = Path(__file__).resolve().parents[2]
ITEMS, DRAWS = 200, 4


def outcomes(right: int) -> Sequence[Outcome]:
    """Draws in which a method is right on the first so many items, the teacher on 100 and the ceiling on 180."""
    place = np.arange(ITEMS)
    return [Outcome(place, place < right + draw, place < 100, place < 180) for draw in range(DRAWS)]


HF = {name: outcomes(right) for name, right in (("vanilla", 120), ("better", 160), ("worse", 60), ("alike", 121))}


def test_equal_orders_agree_in_all_pairs_that_are_told_apart() -> None:
    found = agreement({"hf": HF, "probe": HF})
    assert (found.methods, found.pairs) == (4, 6)
    assert (found.spearman, found.kendall) == (pytest.approx(1), pytest.approx(1))
    assert (found.same, found.opposite) == (found.told["hf"], 0)
    assert found.told["hf"] >= 5


def test_a_reversed_order_is_said_to_be_one() -> None:
    turned = {name: outcomes(200 - round(ITEMS * float(runs[0].transfer.mean()))) for name, runs in HF.items()}
    found = agreement({"hf": HF, "probe": turned})
    assert found.spearman == pytest.approx(-1)
    assert found.same == 0
    assert found.opposite >= 5


def test_gains_are_over_vanilla_and_ends_are_means() -> None:
    found = {row.method: row for row in rows({"hf": HF, "probe": HF})}
    assert found["better"].over["hf"].value == pytest.approx(0.2)
    assert (found["better"].over["hf"].sign, found["worse"].over["probe"].sign) == (1, -1)
    assert found["vanilla"].over["hf"].sign == 0
    side = ends(HF)
    assert (side.weak, side.ceiling) == (pytest.approx(0.5), pytest.approx(0.9))
    assert side.pgr == pytest.approx((120 + 1.5 - 100) / 80)
    assert "| better | 0.807 | +0.200 (" in markdown({"hf": HF, "probe": HF})


def test_methods_that_are_said_to_read_the_prior_do_and_no_others() -> None:
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((60, 8)).astype(np.float32)
    teacher = (1 / (1 + np.exp(-2 * hidden[:, 0] - rng.standard_normal(60)))).astype(np.float32)
    prior = rng.standard_normal((2, 60)).astype(np.float32)
    reads = []
    for name in BOTH:
        tasks = (
            Task(hidden=hidden, teacher=teacher, prior=one, antisymmetric=False, domain="", seconds=1) for one in prior
        )
        one, other = (METHODS[name](task, seed=0).to_bytes() for task in tasks)
        reads += [name] if one != other else []
    assert tuple(reads) == PRIOR


def test_the_page_has_a_line_for_every_method_but_those_it_says_were_left_out() -> None:
    page = (ROOT / "docs" / "ordering.md").read_text(encoding="utf-8")
    table = page.partition(BEGIN)[2].partition(END)[0]
    assert [name for name in BOTH if f"| {name} |" not in table and f"--without {name}" not in page] == []
    assert table.count("\n| ") > 20
