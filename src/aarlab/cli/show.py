"""aarlab status | board | forum | costs: a study as its ledger has it, running or not."""

from functools import partial
from typing import Annotated

import typer

from aarlab.cli.options import Json, Study


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (status, board, forum, costs):
        app.command()(command)


def status(study: Study = None, as_json: Json = False) -> None:
    """Who does what, and what is left of the budgets; of an experiment, which of its studies are finished."""
    from aarlab.cli import output, views
    from aarlab.cli.arms import show_status
    from aarlab.cli.study import experiment_folder, locate, read_state
    from aarlab.fleet.logs import sign
    from aarlab.fleet.study import running
    from aarlab.lab.views import study as view

    if (experiment := experiment_folder(study)) is not None:
        show_status(experiment, as_json=as_json)
        return
    paths = locate(study)
    facts = view(read_state(paths))
    at_work = running(paths) is not None
    signs = {one.name: sign(paths.logs / f"{one.name}.log") for one in facts.researchers} if at_work else {}
    alive = {name: {"seen_seconds": round(one.seconds, 1), "words": one.words} for name, one in signs.items() if one}
    data = facts.model_dump(mode="json") | {"folder": str(paths.root), "orchestrator": at_work, "alive": alive}

    def render() -> None:
        output.say(views.status_line(facts))
        output.say(f"folder {paths.root}, {facts.events} entries in the ledger, head {facts.head[:16]}")
        if facts.state == "running" and not at_work:
            output.say("nobody is at work on it; `aarlab resume` goes on")
        output.show(views.researchers_table(facts))
        for line in views.liveness(facts, signs):
            output.say(line)

    output.emit(data, as_json=as_json, render=render)


def board(
    submission: Annotated[
        str | None, typer.Argument(help="A verified submission, to see all of its row.", show_default=False)
    ] = None,
    study: Study = None,
    as_json: Json = False,
) -> None:
    """Verified methods by the lower end of their interval, and the lab's marks (weak teacher, ceiling, baselines).

    One row, and --json, also have what it took, its accuracy by seed and how its runs ended; one row alone has what it
    came to on other domains (aarlab transfer), too. Researchers never see it.
    """
    from aarlab.cli import output, views, views_transfer
    from aarlab.cli.study import locate, read_state
    from aarlab.errors import UserError
    from aarlab.lab.measured import operator_board as view
    from aarlab.lab.transfers import rows as transfers

    state = read_state(locate(study))
    facts = view(state)
    if submission is None:
        output.emit(facts, as_json=as_json, render=lambda: output.show(views.board_table(facts)))
        return
    found = [row for row in facts.rows if (row.submission or "").startswith(submission)]
    if len(found) != 1:
        raise UserError(f"{submission}: {len(found)} rows have an id that begins so; `aarlab board` lists them")
    carried = [row for row in transfers(state) if row.submission == found[0].submission]

    def render() -> None:
        output.say(views.row_text(found[0]))
        output.show(*(views_transfer.transfer_lines(carried) if carried else ()))

    data = found[0].model_dump(mode="json") | {"transfers": [row.model_dump(mode="json") for row in carried]}
    output.emit(data, as_json=as_json, render=render)


def forum(
    post: Annotated[str | None, typer.Argument(help="Id of one post, to read its text.", show_default=False)] = None,
    study: Study = None,
    as_json: Json = False,
) -> None:
    """The findings that researchers have posted. Numbers are the lab's; text is the researchers'."""
    from aarlab.cli import output, views
    from aarlab.cli.study import locate, read_state
    from aarlab.errors import UserError
    from aarlab.lab.heads import head_post, read_heads
    from aarlab.lab.views import forum as view

    paths = locate(study)
    own = head_post([head for _, head in read_heads(paths.heads) if head is not None])
    facts = (*view(read_state(paths)), *([own] if own else []))
    if post is None:
        output.emit(list(facts), as_json=as_json, render=lambda: output.show(views.findings_table(facts)))
        return
    found = [one for one in facts if one.id.startswith(post)]
    if len(found) != 1:
        raise UserError(f"{post}: {len(found)} posts have an id that begins so; `aarlab forum` lists them")
    output.emit(found[0], as_json=as_json, render=lambda: output.say(views.post_text(found[0])))


def costs(
    prices: Annotated[
        bool, typer.Option("--prices", help="Print the prices in force for the study's models, and their source.")
    ] = False,
    study: Study = None,
    as_json: Json = False,
) -> None:
    """What was used, by whom, what an hour and a verified gain have cost, and what is left (docs/costs.md)."""
    from aarlab.cli import output, views_costs
    from aarlab.cli.study import events_of, locate
    from aarlab.prices import prices_in_force, table_day
    from aarlab.report.costs import costs as view
    from aarlab.studyfile import load_study

    paths = locate(study)
    if prices:
        config = load_study(paths.config)
        found = prices_in_force(config)
        rows = [{"model": name, "source": one.source, "rates": one.rates} for name, one in found.items()]
        data = {"models": rows, "cpu_hour": config.price.cpu_hour, "gpu_hour": config.price.gpu_hour}
        day = table_day() if any(one.own is None for one in found.values()) else None
        render = partial(output.show, *views_costs.prices_lines(found, config.price, day=day))
        output.emit(data | {"table_day": day}, as_json=as_json, render=render)
        return
    facts = view(events_of(paths))
    output.emit(facts, as_json=as_json, render=partial(output.show, *views_costs.costs_lines(facts)))
