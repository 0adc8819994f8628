"""aarlab compare: what came of the arms of an experiment, or of studies side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aarlab.cli.options import Json

if TYPE_CHECKING:
    from aarlab.report.comparison import Comparison, Member


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(compare)


def compare(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Experiments or studies; by default the latest experiment."),
    ] = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(help="best, area-hours, area-dollars, entropy, on:DOMAIN; by default all.", show_default=False),
    ] = None,
    level: Annotated[
        float | None, typer.Option(help="Also the hours and dollars until this PGR was sure.", show_default=False)
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    as_json: Json = False,
) -> None:
    """Compares arms: best verified PGR, the frontier over hours and dollars, diversity, with intervals over repeats.

    Says "not enough repeats to tell" where that is so (docs/arms.md).
    """
    from aarlab.cli import output
    from aarlab.errors import UserError
    from aarlab.report.comparison import compare as found_of
    from aarlab.report.comparison_words import markdown as written

    if as_json and markdown:
        raise UserError("--json and --markdown: choose one")
    found = found_of(members_of(paths or [_latest()]), measures=outcome or (), level=level)
    if markdown:
        output.say(written(found))
    else:
        output.emit(found, as_json=as_json, render=lambda: show_comparison(found))


def show_comparison(found: "Comparison") -> None:
    """Arms and differences, for a person."""
    from aarlab.cli import output
    from aarlab.report.comparison_words import arm_cells, arm_columns, sentences

    columns = arm_columns(found)
    rows = [arm_cells(line) for line in found.arms]
    output.show(output.table(columns, rows, title="Arms (means over studies)", right=range(1, len(columns))), "")
    for line in sentences(found):
        output.say(line)


def _latest() -> Path:
    from aarlab.cli.study import studies_folder
    from aarlab.errors import UserError
    from aarlab.fleet.experiment import RECORD

    found = sorted(studies_folder().glob(f"*/{RECORD}"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise UserError(f"{studies_folder()}: there is no experiment yet; name studies, or run a file with arms")
    return found[-1].parent


def members_of(paths: Sequence[Path]) -> "list[Member]":
    """All studies of all paths that have begun, under the label of their arm."""
    from aarlab.cli.study import events_of, experiment_folder, locate
    from aarlab.fleet.experiment import open_experiment, study_of
    from aarlab.report.comparison import Member
    from aarlab.report.outcomes import outcome

    found: list[Member] = []
    arms: dict[str, str] = {}
    for path in paths:
        folder = experiment_folder(path)
        if folder is None:
            study = outcome(list(events_of(locate(path))))
            found.append(Member(_label(study.study, str(path), arms, str(path)), "", study))
            continue
        record = open_experiment(folder)
        begun = [run for run in record.runs if study_of(folder, run).database.is_file()]
        for run in begun:
            study_paths = study_of(folder, run)
            label = _label(run.arm, _settings(study_paths.config), arms, f"{record.name}/{run.arm}")
            found.append(Member(label, str(run.seed), outcome(list(events_of(study_paths)))))
    return found


def _settings(path: Path) -> str:
    """What makes an arm: all settings but name and seed of the study."""
    from aarlab.studyfile import load_study

    config = load_study(path)
    study = config.study.model_copy(update={"name": "study", "seed": None})
    return config.model_copy(update={"study": study}).model_dump_json()


def _label(arm: str, settings: str, arms: dict[str, str], longer: str) -> str:
    """The arm's name, and the longer one where another arm of that name has other settings."""
    return arm if arms.setdefault(arm, settings) == settings else longer
