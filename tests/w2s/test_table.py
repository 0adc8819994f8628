"""The results table on the embedded data."""

import pytest

from aarlab.errors import UserError
from aarlab.w2s.table import VARIANTS, Variant, results_table

CHOSEN = (Variant("vanilla", "vanilla"), Variant("zero-shot", "zero_shot"), Variant("CCS", "ccs"))


def without_times(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{name: value for name, value in row.items() if name != "ms"} for row in rows]


@pytest.mark.slow
def test_rows_are_ranked_compared_with_vanilla_and_the_same_in_one_process_or_two() -> None:
    seen: list[tuple[int, int, str]] = []
    rows = results_table(
        ["chat"], seeds=3, variants=CHOSEN, processes=1, progress=lambda *step: seen.append((step[0], step[1], step[2]))
    )
    assert [step[:2] for step in seen] == [(1, 3), (2, 3), (3, 3)]
    assert [row["method"] for row in rows] == ["zero-shot", "vanilla", "CCS"]
    for row in rows:
        assert row["low"] < row["pgr"] < row["high"]
        assert row["strong_acc"] - row["weak_acc"] > 0.08
    best, vanilla, _ = rows
    assert vanilla["over_vanilla"] == 0
    assert best["over_vanilla"] == pytest.approx(best["pgr"] - vanilla["pgr"])
    assert (vanilla["over_vanilla_low"], vanilla["over_vanilla_high"]) == (0, 0)
    assert best["over_vanilla_low"] < best["over_vanilla"] < best["over_vanilla_high"]
    assert 0.1 < vanilla["pgr"] < 0.7
    assert best["low"] > vanilla["high"]
    again = results_table(["chat"], seeds=3, variants=CHOSEN, processes=2)
    assert without_times(again) == without_times(rows)


@pytest.mark.parametrize(("domains", "seeds", "line"), [(["chat"], 1, "at least 2"), (["chess"], 3, "chat, math")])
def test_a_table_that_cannot_be_made_is_refused(domains: list[str], seeds: int, line: str) -> None:
    with pytest.raises(UserError, match=line):
        results_table(domains, seeds=seeds)


def test_every_variant_has_its_own_name() -> None:
    assert len({variant.label for variant in VARIANTS}) == len(VARIANTS)
