"""`python -m aarlab.cli.arm FOLDER`: one study of an experiment, from wherever it is to its end, then its transfers."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aarlab.cli.main import main as aarlab
from aarlab.errors import AarlabError
from aarlab.fleet.experiment import Record, is_finished, open_experiment, state_of
from aarlab.lab.board import board, leader
from aarlab.paths import StudyPaths

if TYPE_CHECKING:
    from aarlab.lab.state import State


def command(folder: Path) -> list[str]:
    """The command line for a study's folder."""
    return [sys.executable, "-m", "aarlab.cli.arm", str(folder)]


def to_transfer(state: "State", record: Record) -> tuple[str, ...]:
    """Domains on which the study's first-ranked method was not run yet; none where no method ranks.

    Its own is none of them: every transfer runs it there, too.
    """
    best = winner(state)
    done = {one.body["place"] for one in state.transfers.values() if one.body["submission"] == best}
    own = state.settings().problem.own().get("domain", "chat")
    return tuple(place for place in record.transfer if place not in (*done, own)) if best else ()


def winner(state: "State") -> str | None:
    """The submission of rank 1; rows that are listed apart have ranks of their own."""
    best = leader(board(state).rows)
    return best.submission if best else None


def main(argv: Sequence[str]) -> None:
    """Ends with the exit status of the command that did not do what it should, or with 0."""
    paths = StudyPaths(root=Path(argv[0]).absolute())
    if not is_finished(paths):
        _do("resume", "--study", str(paths.root))
    state = state_of(paths)
    if state is None or not is_finished(paths):
        return
    if places := to_transfer(state, open_experiment(paths.root.parent)):
        _do("transfer", str(winner(state)), "--to", ",".join(places), "--study", str(paths.root))


def _do(*arguments: str) -> None:
    print(json.dumps(["aarlab", *arguments]), flush=True)
    try:
        aarlab(arguments)
    except SystemExit as ended:
        if ended.code:
            raise


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except AarlabError as error:
        print(error, file=sys.stderr, flush=True)
        sys.exit(error.exit_code)
