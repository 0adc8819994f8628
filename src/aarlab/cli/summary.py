"""What stands on the screen when a fleet has ended."""

from aarlab.cli import views, views_costs
from aarlab.cli.output import one_line, say, show
from aarlab.cli.study import read_state
from aarlab.cli.views_incidents import incidents_line
from aarlab.lab.board import board
from aarlab.lab.incidents import evidence
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.views import forum
from aarlab.paths import StudyPaths
from aarlab.report.build import build_report
from aarlab.report.costs import costs

POSTS = 12
"""Posts on the screen, the latest."""
TO_RESUME = ("stopped", "running")
"""States of a study with which `aarlab resume` goes on."""


def summarise(paths: StudyPaths, *, outcome: str, reason: str) -> None:
    """Board, findings, costs, and where the report is, which is written anew."""
    picture(paths)
    say(f"report: {build_report(paths)}")
    say(f"{outcome}: {one_line(reason) or 'all is done'}")
    if outcome in TO_RESUME:
        say(f"to go on: aarlab resume --study {paths.root}")


def picture(paths: StudyPaths) -> None:
    """Board, findings and costs as they stand."""
    state = read_state(paths)
    spent = costs(read_events(paths.database))
    posts = forum(state)
    show(views.board_table(board(state)), "", views.findings_table(posts[-POSTS:]))
    if len(posts) > POSTS:
        say(f"({len(posts) - POSTS} earlier posts: aarlab forum)")
    show("", views_costs.costs_table(spent))
    say(views_costs.totals_line(spent))
    if found := evidence(state):
        say(incidents_line(found))
    say(f"ledger: {state.seq} entries, head {state.head} (check it: aarlab ledger verify)")
