"""Experiments: study files with arms, as `aarlab run`, `check`, `resume`, `stop` and `status` treat them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from aarlab.experiment import Experiment
    from aarlab.fleet.experiment import RunRecord


def run_experiment(path: Path, *, sets: Sequence[str], name: str | None) -> None:
    """Begins an experiment and does all of its studies."""
    from aarlab.cli.output import say
    from aarlab.cli.problem import build_problem
    from aarlab.cli.requirements import require_models
    from aarlab.cli.study import free_folder, studies_folder
    from aarlab.errors import UserError
    from aarlab.experiment import load_experiment
    from aarlab.fleet.experiment import create_experiment

    say("aarlab: reading settings and data")
    experiment = load_experiment(path, sets=[*sets, *([f"study.name='{name}'"] if name else ())])
    for config in experiment.configs.values():
        require_models(config)
    for config in _problems(experiment):
        build_problem(config, source=str(path))
    folder = studies_folder() / name if name else free_folder(experiment.name)
    if name and folder.exists():
        raise UserError(f"{folder}: is there already; `aarlab resume --study {name}` goes on with it")
    create_experiment(experiment, folder=folder)
    for line in _sentences(experiment):
        say(f"aarlab: {line}")
    go_on(folder)


def go_on(folder: Path) -> None:
    """Does what of an experiment is not finished, then compares its arms."""
    from aarlab.cli.arm import command
    from aarlab.cli.output import say
    from aarlab.cli.signals import stop_on_signals
    from aarlab.fleet.experiment import Runner

    say(f"aarlab: experiment in {folder}")
    with stop_on_signals() as stopping:
        runner = Runner(folder, command=command, tell=lambda line: say(f"aarlab: {line}"))
        outcome = runner.run(stop=stopping)
    if outcome == "stopped":
        say(f"stopped; to go on: aarlab resume --study {folder}")
        raise typer.Exit(130 if stopping.is_set() else 0)
    if outcome == "failed":
        say(f"some studies did not finish; to try them again: aarlab resume --study {folder}")
        raise typer.Exit(1)
    _conclude(folder)


def _conclude(folder: Path) -> None:
    """The comparison on the screen, and the experiment's report."""
    from aarlab.cli.compare import members_of, show_comparison
    from aarlab.cli.output import say
    from aarlab.fleet.experiment import open_experiment
    from aarlab.report.comparison import compare
    from aarlab.report.experiment import build_experiment_report

    record = open_experiment(folder)
    if len(record.arms) > 1:
        found = compare(members_of([folder]))
        show_comparison(found)
        report = build_experiment_report(folder, name=record.name, runs=record.runs, found=found)
        say(f"report: {report}")
    say(f"finished: all studies are done; aarlab compare {folder}")


def check_experiment(path: Path, *, sets: Sequence[str], assume: Sequence[str], as_json: bool) -> None:
    """Validates every arm and its data, and says what all of it may cost."""
    from aarlab.cli import output
    from aarlab.cli.problem import build_problem
    from aarlab.cli.requirements import require_models
    from aarlab.estimate import Assumptions, estimate
    from aarlab.experiment import load_experiment

    experiment = load_experiment(path, sets=sets)
    for config in _problems(experiment):
        build_problem(config, source=str(path), quiet=as_json)
    assumed, repeats = Assumptions.of(assume), experiment.settings.repeats
    arms = {}
    for name, config in experiment.configs.items():
        cost = estimate(config, assumed)
        budget = config.budget
        arms[name] = {
            "differs": experiment.arms[name],
            "researchers": config.study.researchers,
            "minutes": budget.minutes,
            "researcher_hours": repeats * config.study.researchers * budget.minutes / 60,
            "dollars_cap": repeats * budget.dollars,
            "dollars_estimate": repeats * min(cost.total, budget.dollars),
        }
    data = {"experiment": experiment.settings, "studies": experiment.count, "arms": arms}
    output.emit(data, as_json=as_json, render=lambda: _show_check(experiment, arms))
    for config in experiment.configs.values():
        require_models(config)
    if not as_json:
        output.say("The settings are valid.")


def _show_check(experiment: "Experiment", arms: dict[str, dict[str, Any]]) -> None:
    from aarlab.cli import output

    rows = [
        (
            name,
            f"{arm['researchers']}",
            f"{arm['minutes']:g}",
            f"{arm['researcher_hours']:.2f}",
            f"{arm['dollars_estimate']:.2f}",
            f"{arm['dollars_cap']:.2f}",
            _differs(arm["differs"]),
        )
        for name, arm in arms.items()
    ]
    columns = ("arm", "researchers", "minutes each", "researcher-hours", "$ about", "$ at most", "differs in")
    output.show(output.table(columns, rows, title=f"{experiment.name}: arms", right=(1, 2, 3, 4, 5)), "")
    for line in _sentences(experiment):
        output.say(line)


def _sentences(experiment: "Experiment") -> list[str]:
    from aarlab.fleet.experiment import at_once

    settings, configs = experiment.settings, list(experiment.configs.values())
    most = at_once(configs, given=settings.parallel)
    minutes = sum(config.budget.minutes for config in configs) * settings.repeats
    return [
        f"{len(configs)} arms x {settings.repeats} repeats = {experiment.count} studies, {most} at the same time, "
        f"at most about {minutes / most:.0f} minutes of working time"
    ]


def _differs(own: Any) -> str:
    fields = [
        f"{table}.{field} = {value}"
        for table, content in own.items()
        for field, value in (content.items() if isinstance(content, dict) else [("", content)])
    ]
    return ", ".join(fields) or "nothing (as the file has it)"


def _problems(experiment: "Experiment") -> list[Any]:
    """One settings object for each different [problem]."""
    return list({config.problem.model_dump_json(): config for config in experiment.configs.values()}.values())


def show_status(folder: Path, *, as_json: bool) -> None:
    """Which studies of an experiment are finished, at work, or waiting."""
    from aarlab.cli import output
    from aarlab.cli.views import signed
    from aarlab.fleet.experiment import open_experiment
    from aarlab.fleet.study import running
    from aarlab.paths import StudyPaths

    record = open_experiment(folder)
    rows = [_status(folder, run) for run in record.runs]
    at_work = running(StudyPaths(root=folder.absolute())) is not None
    data = {"name": record.name, "folder": str(folder.absolute()), "orchestrator": at_work, "studies": rows}

    def render() -> None:
        done = sum(row["state"] == "finished" for row in rows)
        output.say(f"{record.name}: {done} of {len(rows)} studies are finished; folder {folder.absolute()}")
        if done < len(rows) and not at_work:
            output.say(f"nobody is at work on it; `aarlab resume --study {folder}` goes on")
        cells = [(row["name"], row["state"], signed(row["best"]), row["reason"]) for row in rows]
        output.show(output.table(("study", "state", "best PGR", "why"), cells, right=(2,)))

    output.emit(data, as_json=as_json, render=render)


def _status(folder: Path, run: "RunRecord") -> dict[str, Any]:
    from aarlab.fleet.experiment import state_of, study_of
    from aarlab.lab.board import board, leader
    from aarlab.lab.views import study

    state = state_of(study_of(folder, run))
    base = {"name": run.name, "arm": run.arm, "repeat": run.repeat}
    if state is None:
        return {**base, "state": "waiting", "reason": "", "best": None}
    seen = study(state)
    best = leader(board(state).rows)
    return {**base, "state": seen.state, "reason": seen.reason, "best": best.value if best else None}
