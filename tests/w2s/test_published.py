"""Published accuracies give the published PGR."""

import json
from pathlib import Path

import pytest

from aarlab.errors import UserError
from aarlab.w2s.published import published_table

TABLE = Path(__file__).parents[1] / "data" / "published_baselines.json"


def test_means_errors_and_pgr_are_reproduced_to_nine_digits() -> None:
    published = json.loads(TABLE.read_text(encoding="utf-8"))
    rows = published_table(TABLE)
    assert {(row["domain"], row["method"]) for row in rows} == {
        (domain, method) for domain in ("chat", "math") for method in published[domain]["methods"]
    }
    for row in rows:
        facts = published[row["domain"]]
        method = facts["methods"][row["method"]]
        for name, expected in (
            ("weak_acc", facts["weak_acc"]["mean"]),
            ("weak_acc_se", facts["weak_acc"]["se"]),
            ("strong_acc", facts["strong_acc"]["mean"]),
            ("strong_acc_se", facts["strong_acc"]["se"]),
            ("transfer_acc", method["transfer_acc"]["mean"]),
            ("transfer_acc_se", method["transfer_acc"]["se"]),
            ("pgr", method["pgr"]["mean"]),
            ("pgr_sd", method["pgr"]["sd"]),
            ("pgr_se", method["pgr"]["se"]),
        ):
            assert row[name] == pytest.approx(expected, abs=1e-9), name
        assert row["pgr_by_seed"] == pytest.approx(list(method["pgr_by_seed"].values()), abs=1e-9)
        assert row["se_with_baselines"] > row["pgr_se"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[1, 2", "is not JSON"),
        ("[]", "must be an object"),
        ('{"chat": {"weak_acc_by_seed": {"1": 0.5}}}', "chat must have"),
        ('{"c": {"weak_acc_by_seed": {}, "strong_acc_by_seed": {"1": 0.7}, "methods": {}}}', "must map seeds"),
        ('{"c": {"weak_acc_by_seed": {"1": 7}, "strong_acc_by_seed": {"1": 0.7}, "methods": {}}}', "from 0 to 1"),
        ('{"c": {"weak_acc_by_seed": {"1": 0.7}, "strong_acc_by_seed": {"1": 0.7}, "methods": {}}}', "no gap"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "table.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=part) as caught:
        published_table(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_one_seed_has_no_spread(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    one = {"1": 0.6}
    seeds = {"weak_acc_by_seed": {"1": 0.5, "2": 0.5}, "strong_acc_by_seed": {"1": 0.7, "2": 0.7}}
    path.write_text(json.dumps({"go": {**seeds, "methods": {"x": {"transfer_acc_by_seed": one}}}}), encoding="utf-8")
    (row,) = published_table(path)
    assert row["pgr"] == pytest.approx(0.5)
    assert row["pgr_se"] is row["se_with_baselines"] is None


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        published_table(tmp_path / "none.json")
