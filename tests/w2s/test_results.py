"""The document of the results table: who is said to be above vanilla."""

from pathlib import Path
from typing import Any

from aarlab.w2s.results import markdown, reading, verdict
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
    assert "Of its 1 comparisons " in text


def test_what_is_said_of_all_methods_is_counted() -> None:
    found = reading(rows_of(best="+++", good="++0", torn="+-+", once="00+", worse="0-0"))
    assert "3 of 5 methods are above vanilla in at least two domains, 2 of them below it in none." in found
    assert "Above it in every domain: best.\n" in found
    assert "Of its 15 comparisons 8 are above and 2 below" in found
    assert "about 1 of them" in found
    assert "in every domain: none." in reading(rows_of(once="00+"))


def committed_rows() -> list[dict[str, Any]]:
    """Method, domain and signs of the ends of the paired interval of each line: what is rounded to 0 keeps its sign."""
    rows = []
    for domain in DOMAINS:
        section = COMMITTED.read_text().split(f"## {domain}\n", 1)[1].split("\n## ", 1)[0]
        for line in [line for line in section.splitlines() if line.startswith("| ")][1:]:
            cells = line.strip("| ").split(" | ")
            low, high = (1 if end.startswith("+") else -1 for end in cells[5].split(" to "))
            rows.append({"domain": domain, "method": cells[0], "over_vanilla_low": low, "over_vanilla_high": high})
    return rows


def test_what_the_committed_results_say_in_words_follows_from_their_tables() -> None:
    assert reading(committed_rows()) in COMMITTED.read_text()
    assert verdict(committed_rows()) in COMMITTED.read_text()


def test_the_committed_results_have_every_method_on_every_domain() -> None:
    text = COMMITTED.read_text()
    for domain in DOMAINS:
        section = text.split(f"## {domain}\n", 1)[1].split("\n## ", 1)[0]
        assert {line.split(" | ")[0].removeprefix("| ") for line in section.splitlines() if line.startswith("| ")} == {
            "method",
            *(variant.label for variant in VARIANTS),
        }
