"""aarlab transfer: a method on other domains, as it is and with settings retuned there."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aarlab.cli.options import Json, Study

if TYPE_CHECKING:
    from aarlab.cli.problem import ProgressLine
    from aarlab.lab.records import SubmissionRecord
    from aarlab.lab.state import State
    from aarlab.paths import StudyPaths
    from aarlab.settings import StudyConfig
    from aarlab.wire import TransferRow, TransferState

LOOK_SECONDS = 0.2
"""How often a lab at work is asked how far it is."""
ANSWERS = 16
"""Dev answers of each domain with --retune."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(transfer)


def transfer(
    method: Annotated[
        str,
        typer.Argument(metavar="METHOD", help="A verified row (v-...), a method of `aarlab methods`, or ./FOLDER."),
    ],
    to: Annotated[str, typer.Option("--to", metavar="A,B", help="Domains, or ./FOLDERS of data, with commas between.")],
    origin: Annotated[
        str | None,
        typer.Option("--from", metavar="DOMAIN", help="Where it comes from, to be run as well.", show_default=False),
    ] = None,
    retune: Annotated[bool, typer.Option("--retune", help="Also with settings tuned on dev answers there.")] = False,
    answers: Annotated[int, typer.Option(help="With --retune: most dev answers of each domain.", min=2, max=500)] = (
        ANSWERS
    ),
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also with this config.json, tuned elsewhere.", show_default=False),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of a ready-made method.", show_default=False),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(help="Fresh draws of each; by default verify.seeds.", min=2, max=256, show_default=False),
    ] = None,
    study: Study = None,
    as_json: Json = False,
) -> None:
    """Runs a method on fresh draws of other domains, in the sandbox, beside vanilla and the marks on the same draws.

    Numbers in its config.json may be tuned there, nothing else may change. A verified row's results are recorded in its
    study's ledger; researchers do not see them. Other methods are run outside of a study, and only printed.
    """
    from aarlab.cli import output, views_transfer
    from aarlab.errors import UserError

    places = _places(to)
    if retune and settings is not None:
        raise UserError("--retune and --settings: choose one; either the settings are tuned here or they are given")
    given = _given(settings)
    most = answers if retune else 0
    if method.startswith("v-"):
        if origin or sets:
            raise UserError("--from and --set are for methods outside of a study; a row is taken as it was verified")
        rows = _recorded(method, places, study=study, seeds=seeds, answers=most, given=given, quiet=as_json)
    else:
        from aarlab.cli.outside import Outside

        plan = Outside.of(method, sets or (), study=study, origin=origin, places=places)
        rows = plan.run(seeds=seeds, answers=most, given=given, quiet=as_json)
    output.emit(
        {"rows": rows, "words": views_transfer.sentences(rows)},
        as_json=as_json,
        render=lambda: output.show(*views_transfer.transfer_lines(rows)),
    )
    if any(row.status != "ok" for row in rows):
        raise typer.Exit(1)


def _places(text: str) -> tuple[str, ...]:
    """Names as they are, folders absolute. Raises UserError on none, an empty one, and the same one twice."""
    from aarlab.errors import UserError

    words = [word.strip() for word in text.split(",")]
    places = tuple(str(Path(word).expanduser().absolute()) if "/" in word else word for word in words)
    if not all(places) or len(set(places)) < len(places):
        raise UserError(f"--to {text}: name domains, or folders with a / in them, each once, with commas between")
    return places


def _given(path: Path | None) -> str | None:
    if path is None:
        return None
    from aarlab.cli.submit import read_text
    from aarlab.lab.components import CONFIG, settings_of

    text = read_text(path)
    settings_of({CONFIG: text})
    return text


def _recorded(
    name: str,
    places: Sequence[str],
    *,
    study: Path | None,
    seeds: int | None,
    answers: int,
    given: str | None,
    quiet: bool,
) -> "list[TransferRow]":
    """Through the lab's door, which draws, runs and records. What can be refused is refused before it is opened."""
    from aarlab.api.client import Operator
    from aarlab.cli.problem import ProgressLine, problem_of
    from aarlab.cli.serving import serving
    from aarlab.cli.study import locate, read_state
    from aarlab.wire import TransferRequest

    paths = locate(study)
    state = read_state(paths)
    record = _row(state, name)
    _check(paths, record, answers=answers, given=given)
    with ProgressLine(quiet=quiet) as line:
        for config in _targets(state.settings(), places):
            problem_of(config, line, source="--to")
        request = TransferRequest(submission=record.id, to=tuple(places), seeds=seeds, answers=answers, settings=given)
        with serving(paths), Operator(paths.operator_socket) as operator:
            return _wait(operator.transfer(request), operator.transferred, line)


def _check(paths: "StudyPaths", record: "SubmissionRecord", *, answers: int, given: str | None) -> None:
    """Raises UserError on files that were changed, nothing to tune, and other components."""
    from aarlab.lab.components import CONFIG, require_components
    from aarlab.lab.replay import frozen_files
    from aarlab.lab.tuning import knobs

    files = frozen_files(paths, record.snapshot, content=record.content)
    if answers:
        knobs(files, bounds={})
    if given is not None:
        require_components(files, {**files, CONFIG: given})


def _targets(config: "StudyConfig", places: Sequence[str]) -> "list[StudyConfig]":
    from aarlab.lab.transfer import moved

    return [moved(config, place) for place in places]


def _row(state: "State", name: str) -> "SubmissionRecord":
    """The finished verification whose id begins so. Raises UserError."""
    from aarlab.errors import UserError
    from aarlab.lab.transfers import carried

    found = [one.id for one in state.submissions.values() if one.door == "verify" and one.id.startswith(name)]
    if len(found) != 1:
        raise UserError(f"{name}: {len(found)} verified submissions have an id that begins so; `aarlab board` has them")
    return carried(state, found[0])


def _wait(seen: "TransferState", look: Any, line: "ProgressLine") -> "list[TransferRow]":
    from aarlab.errors import OperatorError, UserError

    told: tuple[int, int, str] | None = None
    while not seen.done:
        now = (seen.step, seen.steps, seen.words)
        if now != told and seen.steps:
            line(*now)
        told = now
        time.sleep(LOOK_SECONDS)
        seen = look(seen.id)
    if seen.trouble:
        raise (UserError if seen.status == UserError.exit_code else OperatorError)(seen.trouble)
    return list(seen.rows)
