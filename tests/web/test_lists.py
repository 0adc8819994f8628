"""What the pages are made of, without a server: parts of lists, differences, scales, bodies of entries."""

import re
from importlib import import_module
from pathlib import Path

from aarlab.web.app import PAGES
from aarlab.web.bodies import shown
from aarlab.web.difference import differences
from aarlab.web.pages.board import WIDTH, Scale
from aarlab.web.paging import cut
from aarlab.wire import BoardRow

DOCS = Path(__file__).resolve().parents[2] / "docs" / "dashboard-records.md"
WITHOUT = ("studies", "launch", "overview", "researchers", "settings")
"""Pages that are none of the lab's records."""
DIFF = """\
diff --git a/method.py b/method.py
index 1..2 100644
--- a/method.py
+++ b/method.py
@@ -1,2 +1,2 @@
 def train():
-    return 1
+    return 2
@@ -9 +9 @@ def other():
--- a
+++ b
\\ No newline at end of file
diff --git a/gone/x.txt b/gone/x.txt
deleted file mode 100644
--- a/gone/x.txt
+++ /dev/null
@@ -1 +0,0 @@
-diff --git a/method.py b/method.py
diff --git a/empty b/empty
new file mode 100644
index 0..0
"""


def test_a_list_is_cut_into_parts() -> None:
    assert cut(range(120), 3).items == tuple(range(100, 120))
    assert (cut(range(120), 9).number, cut(range(120), 9).pages) == (3, 3)
    assert (cut([], 1).items, cut([], 1).pages) == ((), 1)


def test_lines_of_a_difference_have_their_numbers() -> None:
    changed, gone, empty = differences(DIFF)
    assert [(line.kind, line.old, line.new, line.text) for line in changed.lines] == [
        ("same", 1, 1, "def train():"),
        ("removed", 2, None, "    return 1"),
        ("added", None, 2, "    return 2"),
        ("gap", None, None, ""),
        ("removed", 9, None, "-- a"),
        ("added", None, 9, "++ b"),
    ]
    assert (changed.word, changed.added, changed.removed) == ("changed", 2, 2)
    assert (gone.path, gone.word, gone.lines[0].text) == ("gone/x.txt", "removed", "diff --git a/method.py b/method.py")
    assert (empty.path, empty.word, empty.lines) == ("empty", "added", ())
    assert differences("") == []


def test_a_wild_row_does_not_flatten_the_others() -> None:
    rows = [row(0.5, 0.2, 0.8), row(90.0, -400.0, 500.0)]
    scale = Scale.of(rows)
    assert (scale.x(-400.0), scale.x(500.0)) == (0.0, WIDTH)
    assert 0 < scale.x(0.0) < scale.x(0.2) < scale.x(0.5) < scale.x(0.8) < scale.x(1.0) < WIDTH
    assert Scale.of([]).x(0.5) == WIDTH / 2


def test_seeds_stay_out_of_bodies() -> None:
    body = {
        "seeds": [1, 2],
        "score": {"private": {"x": 3}, "value": 0.5},
        "marks": [{"seeds": [4]}],
        "config": {"seed": 5},
    }
    assert not set("1234") & set(shown(body))
    assert '"value":0.5' in shown(body)


def test_the_docs_name_every_tab() -> None:
    text = DOCS.read_text()
    tabs = {import_module(f"aarlab.web.pages.{name}").tab.title for name in PAGES if name not in WITHOUT}
    assert set(re.findall(r"^\| (\w+) \| [a-z]", text, re.MULTILINE)) == tabs | {"tab"}


def row(value: float, low: float, high: float) -> BoardRow:
    fields = {"rank": 1, "name": "x", "researcher": "r1", "kind": "method", "submission": "v", "snapshot": "s"}
    more = {"family": "", "status": "ok", "note": "", "facts": {}}
    return BoardRow.model_validate({**fields, **more, "value": value, "low": low, "high": high})
