"""aarlab check | init study | init problem: settings and data before anything runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aarlab.cli.hf_outlook import hf_study
from aarlab.cli.options import Json, Sets, StudyFile

if TYPE_CHECKING:
    from aarlab.estimate import Estimate
    from aarlab.settings import StudyConfig

STUDY = "study.toml"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(check)
    init = typer.Typer(help="Writes a file or folder to start from.", no_args_is_help=True, rich_markup_mode=None)
    init.command()(study)
    init.command()(problem)
    app.add_typer(init, name="init")


def check(
    study_file: StudyFile = None,
    changes: Sets = None,
    assume: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=NUMBER", help="Changes an assumption of the cost estimate.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Validates settings and data, and prints sizes, budgets, how wide an interval to expect, and what it may cost.

    Writes no study. What a model lacks (a key, a price) is said last, when everything else was shown. A study that
    fine-tunes models (problem.backend = "hf") is planned without them: what is missing here is listed.
    """
    from aarlab.cli import output
    from aarlab.cli.arms import check_experiment
    from aarlab.cli.run import plain_settings
    from aarlab.cli.sizes import protocol_sentences, sentences, sets_of
    from aarlab.cli.views_fleet import fleet_data, fleet_table
    from aarlab.experiment import has_arms
    from aarlab.fleet.roster import roster

    if study_file is not None and has_arms(study_file):
        check_experiment(study_file, sets=changes or (), assume=assume or (), as_json=as_json)
        return
    config = plain_settings(study_file, list(changes or ()))
    source = str(study_file or "--set")
    of_trainings, of_models = _assumptions(config, list(assume or ()))
    cost = _estimate(config, of_models)
    tuned = hf_study(config, of_trainings, source=source)
    known = tuned.facts() if tuned else _built_facts(config, source=source, quiet=as_json)
    facts, sets = _sizes(known), sets_of(known, config)
    fleet = roster(config)
    data = {
        "settings": config.model_dump(mode="json"),
        "facts": facts,
        "sets": sets,
        "fleet": fleet_data(fleet),
        "estimate": cost,
        **({"trainings": tuned.data()} if tuned else {}),
    }
    lines = (*sentences(sets), *protocol_sentences(config))
    trainings = [*tuned.tables(), ""] if tuned else []
    tables = (*_check_tables(config, facts), "", fleet_table(fleet), "", *lines, "", *trainings, *_estimate_lines(cost))
    output.emit(data, as_json=as_json, render=lambda: output.show(*tables, ""))
    _check_models(config, planned=tuned is not None)
    if not as_json:
        output.say("The settings are valid.")


def _assumptions(config: "StudyConfig", assume: list[str]) -> tuple[list[str], list[str]]:
    """Those about trainings, where there are any, and those about models that decide."""
    if config.problem.own().get("backend") != "hf":
        return [], assume
    from aarlab.w2s.hf.cost import assumptions_of

    return assumptions_of(assume)


def _built_facts(config: "StudyConfig", *, source: str, quiet: bool) -> dict[str, Any]:
    from aarlab.cli.problem import build_problem

    found = build_problem(config, source=source, quiet=quiet)
    return {"problem": found.card().name, "digest": found.digest, **found.card().facts}


def _check_models(config: "StudyConfig", *, planned: bool) -> None:
    """A key that this host lacks is no reason to fail for a plan whose GPUs are elsewhere, either."""
    from aarlab.cli.output import warn
    from aarlab.cli.requirements import require_models
    from aarlab.errors import OperatorError

    try:
        require_models(config)
    except OperatorError as error:
        if not planned:
            raise
        warn(f"missing here: {error}")


def _estimate(config: "StudyConfig", assume: list[str]) -> "Estimate | None":
    """None where a model has no known price, which is said at the end."""
    from aarlab.errors import UserError
    from aarlab.estimate import Assumptions, estimate

    assumed = Assumptions.of(assume)
    try:
        return estimate(config, assumed)
    except UserError:
        return None


def _estimate_lines(cost: "Estimate | None") -> list[Any]:
    from aarlab.cli.output import table

    if cost is None:
        return ["what it may cost cannot be told: a model has no name or no known price"]
    rows = cost.assumptions.notes() if cost.assumptions else []
    title = "What it may cost, if (change with --assume NAME=NUMBER)"
    return [*([table(("assumption", "", ""), rows, title=title, right=(1,)), ""] if rows else []), *cost.lines()]


def _sizes(facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if isinstance(value, str | int | float | bool)}


def _check_tables(config: "StudyConfig", facts: dict[str, Any]) -> list[Any]:
    from aarlab.cli.output import table

    budget = [(name, f"{value:g}") for name, value in config.budget.model_dump().items()]
    fleet = [("researchers", str(config.study.researchers)), *budget]
    sizes = [(name.replace("_", " "), str(value)) for name, value in facts.items()]
    return [table(("problem", ""), sizes), "", table(("fleet and budgets", ""), fleet)]


def study(
    path: Annotated[Path, typer.Argument(metavar="[FILE]", help="Where to write it; - is standard output.")] = Path(
        STUDY
    ),
) -> None:
    """Writes a study file with every setting, its default and what it is for."""
    from aarlab.cli.output import say
    from aarlab.cli.scaffold import study_text
    from aarlab.settings import StudyConfig

    text = study_text(StudyConfig())
    if str(path) == "-":
        say(text.rstrip())
        return
    _write_new(path, text)
    say(f"wrote {path}; check it with: aarlab check {path}")


def problem(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="A folder that does not exist yet.")] = Path(
        "problem"
    ),
) -> None:
    """Writes a folder with made-up data in the published format, to be replaced by yours, and a study file for it."""
    from aarlab.cli.output import say
    from aarlab.cli.scaffold import problem_files
    from aarlab.errors import UserError

    if folder.exists():
        raise UserError(f"{folder}: exists already and is left as it is; choose another name")
    files = problem_files(folder)
    for path, text in files.items():
        _write_new(path, text)
    say(f"wrote {', '.join(path.name for path in files)} in {folder}; check them with: aarlab check {folder / STUDY}")


def _write_new(path: Path, text: str) -> None:
    from aarlab.errors import UserError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UserError(f"{path}: exists already and is left as it is; choose another name") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None
