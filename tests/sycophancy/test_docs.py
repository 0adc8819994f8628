"""The page has what its command measures."""

from pathlib import Path

from aarlab.sycophancy.methods import METHODS
from benchmarks.sycophancy import BEGIN, END, yields

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_has_the_figures_of_the_shipped_items_and_a_line_for_every_method() -> None:
    page = (ROOT / "docs" / "sycophancy.md").read_text(encoding="utf-8")
    measured = page.partition(BEGIN)[2].partition(END)[0]
    assert all(line in measured for line in yields())
    assert all(f"| {name} " in measured for name in METHODS)
