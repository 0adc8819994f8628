"""aarlab watch: what `aarlab run` shows, of a study that runs elsewhere or has ended."""

from typing import TYPE_CHECKING

import typer

from aarlab.cli.options import Json, Study

if TYPE_CHECKING:
    import threading

    from aarlab.paths import StudyPaths

POLL_SECONDS = 0.25
"""Between two looks at the ledger."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(watch)


def watch(study: Study = None, as_json: Json = False) -> None:
    """A study at work, as `aarlab run` shows it; one that has ended, as it stands. Ctrl-C leaves the study running.

    --json prints the state of the study, as in `aarlab status --json`, whenever the ledger has grown.
    """
    from aarlab.cli import views
    from aarlab.cli.output import escaped, say
    from aarlab.cli.study import locate, read_state
    from aarlab.cli.summary import TO_RESUME, picture
    from aarlab.lab.views import study as view

    paths = locate(study)
    if _follow(paths, as_json=as_json):
        if not as_json:
            say("the study goes on; `aarlab watch` looks again, `aarlab stop` stops it")
        return
    facts = view(read_state(paths))
    if as_json:
        say(escaped(facts.model_dump_json()))
        return
    picture(paths)
    if paths.report.is_file():
        say(f"report: {paths.report}")
    say(views.status_line(facts))
    if facts.state in TO_RESUME and not facts.closed:
        say(f"to go on: aarlab resume --study {paths.root}")


def _follow(paths: "StudyPaths", *, as_json: bool) -> bool:
    """Shows the study for as long as somebody works on it; True when the one who watches has left before."""
    from aarlab.cli.signals import stop_on_signals
    from aarlab.fleet.study import running

    if running(paths) is None:
        return False
    with stop_on_signals() as leaving:
        _json_lines(paths, leaving) if as_json else _screen(paths, leaving)
    return running(paths) is not None


def _screen(paths: "StudyPaths", leaving: "threading.Event") -> None:
    from aarlab.cli.live import LiveView
    from aarlab.fleet.study import running

    with LiveView(paths, watching=True) as view:
        while running(paths) is not None and not leaving.is_set():
            view.look()
            leaving.wait(POLL_SECONDS)


def _json_lines(paths: "StudyPaths", leaving: "threading.Event") -> None:
    from aarlab.cli.output import escaped, say
    from aarlab.fleet.study import running
    from aarlab.lab.follower import Follower
    from aarlab.lab.views import study as view

    ledger = Follower(paths)
    while running(paths) is not None and not leaving.is_set():
        if list(ledger.fresh()):
            say(escaped(view(ledger.state).model_dump_json()))
        leaving.wait(POLL_SECONDS)
