"""The document of the results table: who is said to be above vanilla."""

from pathlib import Path
from typing import Any

from aarlab.w2s.results import markdown, verdict
from aarlab.w2s.table import VARIANTS, Variant, results_table

DOMAINS = ("chat", "math", "code")
COMMITTED = Path(__file__).parents[2] / "docs" / "results.md"


def rows_of(**signs: str) -> list[dict[str, Any]]:
    """Rows of methods whose paired interval is above (+), below (-) or around (0) zero in each domain."""
    ends = {"+": (0.1, 0.3), "-": (-0.3, -0.1), "0": (-0.1, 0.1)}
    rows = []
    for name, pattern in {"vanilla": "000", **signs}.items():
        for domain, sign in zip(DOMAINS, pattern, strict=True):
            low, high = ends[sign]
            rows.append({"domain": domain, "method": name, "over_vanilla_low": low, "over_vanilla_high": high})
    return rows


def test_two_domains_with_separated_intervals_make_a_claim() -> None:
    signs = {"good": "++0", "once": "00+", "torn": "-+0", "mixed": "++-", "worse": "0-0", "same": "000"}
    assert [line.split(": ", 1)[1] for line in verdict(rows_of(**signs)).splitlines()] == [
        "good (+chat, +math).",
        "mixed (+chat, +math, -code).",
        "once (+code); torn (-chat, +math).",
        "worse (-math).",
        "same.",
    ]


def test_no_one_is_above_where_no_one_is() -> None:
    assert "in at least two domains, below it in none** (0): none." in verdict(rows_of(one="00+"))


def test_a_document_has_every_row_of_the_table() -> None:
    variants = (Variant("vanilla", "vanilla"), Variant("weak-and-prior agreement", "agreement"))
    text = markdown(results_table(["chat"], seeds=2, variants=variants, processes=1))
    assert "## chat" in text
    assert "| weak-and-prior agreement | data filtering | +0." in text
    assert "| vanilla | distillation |" in text
    assert "about 0 of the\n1 comparisons" in text


def test_the_committed_results_have_every_method_on_every_domain() -> None:
    text = COMMITTED.read_text()
    for domain in DOMAINS:
        section = text.split(f"## {domain}\n", 1)[1].split("\n## ", 1)[0]
        assert {line.split(" | ")[0].removeprefix("| ") for line in section.splitlines() if line.startswith("| ")} == {
            "method",
            *(variant.label for variant in VARIANTS),
        }
