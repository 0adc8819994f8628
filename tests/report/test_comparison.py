"""Arms compared: areas and levels that can be checked by hand, pairs by seed, and words for what cannot be told."""

from dataclasses import replace

import pytest

from aarlab.errors import UserError
from aarlab.report.comparison import Member, compare
from aarlab.report.comparison_words import markdown, sentences
from aarlab.report.contrast import TOO_FEW
from aarlab.report.outcomes import Outcome, Step

STEPS = (Step(1.0, 10.0, 0.2), Step(2.0, 20.0, 0.1), Step(3.0, 40.0, 0.5))
BASE = Outcome("s", 1, 0.6, 0.1, STEPS, hours=4.0, dollars=50.0, entropy=1.0, abroad={}, finished=True)


def arm(name: str, *bests: float) -> list[Member]:
    """Studies of an arm, with the seeds 0, 1, ..."""
    return [Member(name, str(seed), replace(BASE, best=best)) for seed, best in enumerate(bests)]


def test_the_frontier_never_falls_and_its_mean_height_is_the_area() -> None:
    assert BASE.area("hours", horizon=4.0) == pytest.approx((0.2 * 2 + 0.5 * 1) / 4)
    assert BASE.area("hours", horizon=8.0) == pytest.approx((0.2 * 2 + 0.5 * 5) / 8)
    assert BASE.area("dollars", horizon=50.0) == pytest.approx((0.2 * 30 + 0.5 * 10) / 50)
    assert replace(BASE, steps=(Step(1.0, 1.0, -0.4),)).area("hours", horizon=4.0) == 0
    assert (BASE.reached(0.5, "hours"), BASE.reached(0.5, "dollars"), BASE.reached(0.6, "hours")) == (3.0, 40.0, None)


def test_repeats_are_compared_pair_by_pair() -> None:
    found = compare([*arm("off", 0.1, 0.5, 0.3, 0.2), *arm("on", 0.31, 0.7, 0.52, 0.41)], measures=["best"])
    (one,) = found.contrasts
    assert (one.one, one.other, one.difference.pairs) == ("on", "off", 4)
    assert one.difference.mean == pytest.approx(0.21)
    assert one.difference.verdict == "higher"
    assert sentences(found) == [
        "best verified PGR: on - off = +0.210 (+0.197 to +0.223; 4 pairs, sign-flip p = 0.125): on is higher than off."
    ]


def test_one_study_of_each_tells_nothing_of_research() -> None:
    found = compare([Member("a", "", BASE), Member("b", "", replace(BASE, best=0.9))])
    assert {one.difference.verdict for one in found.contrasts} == {TOO_FEW}
    assert "+0.300 (±0.141 by the test items alone), one study of an arm" in sentences(found)[0]


def test_a_level_that_half_of_the_studies_did_not_reach_has_no_median() -> None:
    never = replace(BASE, steps=())
    members = [*arm("a", 1, 1, 1), Member("b", "0", BASE), Member("b", "1", never), Member("b", "2", never)]
    lines = compare(members, level=0.4).arms
    assert lines[0].reached is not None
    assert lines[1].reached is not None
    assert (lines[0].reached.count, lines[0].reached.hours, lines[0].reached.dollars) == (3, 3.0, 40.0)
    assert (lines[1].reached.count, lines[1].reached.hours) == (1, None)
    assert "not by half" in markdown(compare(members, level=0.4))


def test_unfinished_studies_are_left_out_and_said() -> None:
    members = [*arm("a", 0.1, 0.2), *arm("b", 0.2, 0.3), Member("b", "9", replace(BASE, finished=False))]
    found = compare(members)
    assert [line.studies for line in found.arms] == [2, 2]
    assert "1 studies are not finished" in sentences(found)[-1]
    with pytest.raises(UserError, match="it takes two"):
        compare(arm("a", 0.1, 0.2))


def test_an_outcome_that_is_not_everywhere_is_refused() -> None:
    abroad = replace(BASE, abroad={"math": 0.3})
    both = [Member("a", "", abroad), Member("b", "", abroad)]
    assert compare(both, measures=["on:math"]).arms[0].values == {"on:math": (0.3,)}
    with pytest.raises(UserError, match="not every study has it"):
        compare([both[0], Member("b", "", BASE)], measures=["on:math"])
    with pytest.raises(UserError, match="it is not known"):
        compare(both, measures=["best-dev"])
