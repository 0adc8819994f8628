"""A long transcript, a page at a time and while it grows."""

from pathlib import Path

from aarlab.report.transcripts.pages import Pages
from tests.support.transcripts import Script


def long(turns: int) -> Script:
    script = Script().session()
    for number in range(turns):
        script.answer((f"c{number}", "shell", {"command": f"echo {number}"}))
        script.tool("shell", f"{number}\n", tool_call_id=f"c{number}").results((f"c{number}", "shell", f"{number}\n"))
    return script


def test_the_pages_are_the_whole_transcript(tmp_path: Path) -> None:
    script = long(50)
    script.write(tmp_path / "t" / "r1.jsonl")
    pages = Pages(tmp_path / "t" / "r1.jsonl", lines=20)
    assert pages.page().number == pages.page().pages == 8
    found = [entry for number in range(1, 9) for entry in pages.page(number).entries]
    assert found == script.read()
    assert pages.page(99).entries == pages.page(8).entries
    assert pages.page(1).size == len(script.bytes())


def test_a_line_counts_when_it_is_whole(tmp_path: Path) -> None:
    path, data = tmp_path / "r1.jsonl", long(3).bytes()
    pages = Pages(path, lines=4)
    assert (pages.page().number, pages.page().pages, pages.page().entries) == (1, 0, ())
    first = data.index(b"\n") + 1
    path.write_bytes(data[: first + 5])
    assert (pages.page().pages, pages.page().size) == (1, first)
    path.write_bytes(data)
    found = [entry for number in range(1, pages.page().pages + 1) for entry in pages.page(number).entries]
    assert found == long(3).read()


def test_a_full_last_page_is_the_last(tmp_path: Path) -> None:
    path = tmp_path / "r1.jsonl"
    path.write_bytes(long(2).bytes())  # 8 lines
    pages = Pages(path, lines=4)
    assert (pages.page().number, pages.page().pages) == (2, 2)
    assert pages.page().entries
