"""aarlab run | resume | stop: a fleet at work, and what it has found."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aarlab.cli.options import Json, Sets, Study, StudyFile
from aarlab.cli.requirements import require_models
from aarlab.cli.steering import OneOf, control

if TYPE_CHECKING:
    from aarlab.paths import StudyPaths
    from aarlab.settings import StudyConfig

STOP_SECONDS = 60.0
"""How long `aarlab stop` waits for the fleet to end."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (run, resume, stop):
        app.command()(command)


def run(
    study_file: StudyFile = None,
    sets: Sets = None,
    name: Annotated[str | None, typer.Option(help="Name of the study and of its folder.", show_default=False)] = None,
) -> None:
    """Starts a study: a fleet of researchers, the lab that verifies what they hand in, and a report at the end.

    A file with arms is an experiment: a study for each arm and repeat, one after another (docs/arms.md).
    """
    from aarlab.cli.arms import run_experiment
    from aarlab.cli.output import say
    from aarlab.cli.problem import build_problem
    from aarlab.cli.sizes import protocol_sentences, sentences, sets_of
    from aarlab.cli.study import free_folder, studies_folder
    from aarlab.experiment import has_arms
    from aarlab.fleet.study import create_study

    if study_file is not None and has_arms(study_file):
        run_experiment(study_file, sets=sets or (), name=name)
        return
    say("aarlab: reading settings and data")
    config = settings(study_file, [*(sets or ()), *([f"study.name='{name}'"] if name else ())])
    found = build_problem(config, source=str(study_file or "--set"))
    for line in (*sentences(sets_of(found.card().facts, config)), *protocol_sentences(config)):
        say(f"aarlab: {line}")
    folder = studies_folder() / name if name else free_folder(config.study.name)
    _fleet(create_study(config, folder=folder), config)


def settings(study_file: Path | None, sets: list[str]) -> "StudyConfig":
    """Defaults, then the study file, then --set. Raises UserError, and OperatorError when a model lacks its key."""
    config = plain_settings(study_file, sets)
    require_models(config)
    return config


def plain_settings(study_file: Path | None, sets: list[str]) -> "StudyConfig":
    """The same, whatever its models lack. Raises UserError."""
    from aarlab.studyfile import config_from_sets, load_study

    return load_study(study_file, sets=sets) if study_file else config_from_sets(sets)


def resume(study: Study = None, researcher: OneOf = None, as_json: Json = False) -> None:
    """Goes on with a study or experiment that was stopped or killed; or lets one paused researcher go on."""
    from aarlab.cli.arms import go_on
    from aarlab.cli.study import experiment_folder
    from aarlab.errors import UserError

    if (experiment := experiment_folder(study)) is not None:
        go_on(experiment)
    elif researcher is not None:
        control(researcher, "run", reason="", study=study, as_json=as_json)
    elif as_json:
        raise UserError("--json goes with --researcher; `aarlab status --json` has the state of a study")
    else:
        _resume(study)


def _resume(study: Path | None) -> None:
    from aarlab.cli.output import say
    from aarlab.cli.study import locate, read_state
    from aarlab.errors import UserError
    from aarlab.fleet.study import open_study

    paths, config = open_study(locate(study).root)
    state = read_state(paths) if paths.database.is_file() else None
    if state is not None and state.closed:
        raise UserError(f"{paths.root}: its final set was opened, so the study is closed (aarlab final shows it)")
    require_models(config, replaced={name: one.minds for name, one in state.researchers.items()} if state else None)
    say(f"aarlab: resuming {paths.root}")
    _fleet(paths, config)


def stop(
    study: Study = None,
    researcher: OneOf = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is on record.")] = "",
    as_json: Json = False,
) -> None:
    """Stops a running study cleanly: pending verifications are finished when it is resumed. Or lets one finish."""
    if researcher is not None:
        control(researcher, "stop", reason=reason, study=study, as_json=as_json)
    else:
        _stop(study, reason=reason.strip(), as_json=as_json)


def _stop(study: Path | None, *, reason: str, as_json: bool) -> None:
    import time

    from aarlab.cli import output
    from aarlab.cli.study import experiment_folder, locate
    from aarlab.errors import OperatorError
    from aarlab.fleet.study import STOPPED, request_stop, running
    from aarlab.paths import StudyPaths

    experiment = experiment_folder(study)
    paths = locate(study) if experiment is None else StudyPaths(root=experiment.absolute())
    asked = request_stop(paths, reason=reason or STOPPED)
    deadline = time.monotonic() + STOP_SECONDS
    while asked and running(paths) is not None:
        if time.monotonic() > deadline:
            raise OperatorError(f"{paths.root}: still not stopped after {STOP_SECONDS:.0f} s; see {paths.logs}")
        time.sleep(0.1)
    word = "stopped; `aarlab resume` goes on" if asked else "nobody is at work on it"
    data = {"folder": str(paths.root), "stopped": asked}
    output.emit(data, as_json=as_json, render=lambda: output.say(f"{paths.root}: {word}"))


def _fleet(paths: "StudyPaths", config: "StudyConfig") -> None:
    from aarlab.cli.live import LiveView
    from aarlab.cli.output import say
    from aarlab.cli.signals import stop_on_signals
    from aarlab.cli.summary import summarise
    from aarlab.fleet.orchestrator import Fleet

    say(f"aarlab: study {config.study.name} in {paths.root}")
    with stop_on_signals() as stopping, LiveView(paths) as view:
        outcome = Fleet(paths, config).run(on_state=view.update, stop=stopping)
        view.stage("writing the report")
    summarise(paths, outcome=outcome.state, reason=outcome.reason)
    if stopping.is_set():
        raise typer.Exit(130)
