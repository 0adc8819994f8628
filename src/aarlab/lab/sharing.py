"""What researchers see of each other's work: study.forum, enforced at their doors and never by a prompt.

"on": everything. "files": the lab lists their own posts only; the host writes all posts into their sandboxes. "search":
own posts, and of the others' those that a search finds. "off": own posts, methods, submissions and rows, and the marks.
The operator's posts are for everybody.
"""

import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing

from aarlab.errors import ResearcherError
from aarlab.lab import views
from aarlab.lab.forum import OPERATOR
from aarlab.lab.ledger import Ledger
from aarlab.lab.state import State
from aarlab.wire import Board, Finding, ForumMode

FOUND = 5
"""Posts that a search answers."""
SEARCHED: tuple[ForumMode, ...] = ("on", "search")
"""Where there is a search."""
_WORD = re.compile(r"\w+")
_WORDS = 32


class Sharing:
    """Who may see what. Used by the researcher's door only: the operator sees everything."""

    def __init__(self, ledger: Ledger, *, mode: ForumMode) -> None:
        """Shares the ledger with the desks."""
        self._ledger = ledger
        self._mode = mode

    def posts(self, name: str, *, after: int = 0, query: str = "") -> tuple[Finding, ...]:
        """Posts new or changed after a place in the ledger, in the order of posting; or found, best first."""
        with self._ledger.open() as book:
            every = views.forum(book.state, after=after)
        if query:
            return search(every, query) if self._mode in SEARCHED else ()
        return every if self._mode == "on" else tuple(one for one in every if one.author in (name, OPERATOR))

    def rows(self, name: str, board: Board) -> Board:
        """The board without what this researcher may not see. Ranks stay what they are."""
        if self._mode != "off":
            return board
        return board.model_copy(
            update={"rows": tuple(row for row in board.rows if row.kind == "mark" or row.researcher == name)}
        )

    def require(
        self, name: str, *, snapshots: Sequence[str] = (), submissions: Sequence[str] = (), findings: Sequence[str] = ()
    ) -> None:
        """Raises ResearcherError(code="unknown") for what another researcher made, where nothing is shared.

        The words are those for what does not exist, so that nothing is told of what does.
        """
        if self._mode != "off":
            return
        with self._ledger.open() as book:
            for what, ids, known in _authors(book.state, snapshots, submissions, findings):
                for one in ids:
                    if known.get(one, name) not in (name, OPERATOR):
                        raise ResearcherError(f"there is no {what} {one[:64]!r}", code="unknown")


def _authors(
    state: State, snapshots: Sequence[str], submissions: Sequence[str], findings: Sequence[str]
) -> Iterable[tuple[str, Sequence[str], dict[str, str]]]:
    """(what, ids that are asked for, id -> author)."""
    yield "snapshot", snapshots, {one: state.snapshots[one].author for one in snapshots if one in state.snapshots}
    made = {one: state.submissions[one].researcher for one in submissions if one in state.submissions}
    yield "submission", submissions, made
    yield "finding", findings, {one: state.findings[one].author for one in findings if one in state.findings}


def search(posts: Sequence[Finding], query: str) -> tuple[Finding, ...]:
    """The posts whose title and text fit the words of the query best (BM25 of SQLite's FTS5), best first.

    A researcher asks with the words of its own work, of which few occur; lab.search filters by words that all do.
    """
    words = _WORD.findall(query)[:_WORDS]
    if not words:
        return ()
    with closing(sqlite3.connect(":memory:")) as index:
        index.execute("CREATE VIRTUAL TABLE post USING fts5(title, text, tokenize = 'porter unicode61')")
        index.executemany("INSERT INTO post (title, text) VALUES (?, ?)", [(one.title, one.text) for one in posts])
        match = " OR ".join(f'"{word}"' for word in words)
        found = index.execute("SELECT rowid FROM post WHERE post MATCH ? ORDER BY rank LIMIT ?", (match, FOUND))
        return tuple(posts[row - 1] for (row,) in found)
