"""aarlab methods, aarlab w2s run | sweep: the ready-made methods, and trying one outside of a study."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from aarlab.cli.options import Json

if TYPE_CHECKING:
    from aarlab.w2s.methods import Method
    from aarlab.w2s.problem import W2SSettings

MOST_POINTS = 64
"""Of one sweep."""
FEW = 4
"""Trainings for which further processes cost more than they save."""

MethodName = Annotated[str, typer.Option("--method", metavar="NAME", help="As `aarlab methods` lists it.")]
Domain = Annotated[str, typer.Option("--domain", help="chat, math or code.")]
Backend = Annotated[
    Literal["probe", "hf"], typer.Option("--backend", help="Heads on frozen features, or models that are fine-tuned.")
]
Data = Annotated[
    str | None, typer.Option("--data", metavar="FOLDER", help="Your own data instead of a domain.", show_default=False)
]
Seeds = Annotated[int, typer.Option("--seeds", help="Fresh draws, the same for all.", min=2)]


def register(app: typer.Typer) -> None:
    """Adds the commands at the top; `run` and `sweep` belong to the group w2s."""
    app.command()(methods)


def methods(
    name: Annotated[str | None, typer.Argument(help="One method, to read all of it.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """The ready-made weak-to-strong methods; with a name its whole documentation and settings."""
    from aarlab.cli import output
    from aarlab.w2s.methods import ABSENT, METHODS, method

    if name is not None:
        found = method(name)
        output.emit(_facts(found, whole=True), as_json=as_json, render=lambda: _show(found))
        return
    data = {"methods": [_facts(one) for one in METHODS.values()], "absent": dict(ABSENT)}
    rows = [
        (one.name, one.family, _backends(one), output.one_line(one.summary, limit=72), _settings(one.settings))
        for one in METHODS.values()
    ]

    def render() -> None:
        output.show(output.table(("method", "family", "backends", "what", "settings"), rows))
        for absent, why in ABSENT.items():
            output.say(f"not here: {absent}, as {why}")

    output.emit(data, as_json=as_json, render=render)


def run(
    method: MethodName,
    domain: Domain = "chat",
    seeds: Seeds = 10,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Changes one setting of the method, or problem.NAME=VALUE one of the problem; may be repeated.",
            show_default=False,
        ),
    ] = None,
    backend: Backend = "probe",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Trains one method on fresh draws, outside of any study: PGR, accuracy, time, and the difference to vanilla."""
    from aarlab.cli import output

    settings, own = _problem(domain, sets or (), backend=backend, data=data)
    points = _points(method, [assigned(argument, many=False) for argument in own], model=backend == "hf")
    row = _rows(settings, points, seeds=seeds, quiet=as_json)[0]
    row["seconds_per_seed"] = round(row.pop("ms") / 1000, 4)
    output.emit(row, as_json=as_json, render=lambda: output.say(_sentences(row)))


def sweep(
    method: MethodName,
    sets: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="NAME=A,B,C",
            help="Values to try; all combinations of several. problem.NAME=VALUE changes the problem.",
        ),
    ],
    domain: Domain = "chat",
    seeds: Seeds = 10,
    backend: Backend = "probe",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """The same for several values of settings, as a table in their order. The best of many looks better than it is."""
    from aarlab.cli import output
    from aarlab.cli.views import interval, signed

    settings, own = _problem(domain, sets, backend=backend, data=data)
    points = _points(method, [assigned(one, many=True) for one in own], model=backend == "hf")
    rows = _rows(settings, points, seeds=seeds, quiet=as_json)
    cells = [
        (
            _settings(row["settings"]),
            signed(row["pgr"]),
            interval(row["low"], row["high"]),
            signed(row["over_vanilla"]),
            interval(row["over_vanilla_low"], row["over_vanilla_high"]),
            f"{row['transfer_acc']:.4f}",
            f"{row['ms']:.0f}",
        )
        for row in rows
    ]
    columns = ("settings", "PGR", "95 % interval", "over vanilla", "95 % interval", "accuracy", "ms")
    title = f"{method} on {_name(settings)}, {seeds} draws"
    shown = output.table(columns, cells, title=title, right=(1, 2, 3, 4, 5, 6))
    output.emit(rows, as_json=as_json, render=lambda: output.show(shown))


def _facts(method: "Method", *, whole: bool = False) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": method.name,
        "family": method.family,
        "needs": method.needs,
        "summary": method.summary,
    }
    facts |= {"settings": dict(method.settings), "heads_only": list(method.heads_only)}
    return facts | ({"documentation": method.documentation} if whole else {})


def _backends(method: "Method") -> str:
    return "hf" if method.needs == "model" else "probe, hf"


def _show(method: "Method") -> None:
    from aarlab.cli.output import say

    say(f"{method.name} ({method.family}; backends: {_backends(method)})\n\n{method.documentation}\n")
    say("Settings and defaults:")
    for name, default in method.settings.items():
        say(f"  {name} = {_written(default)}{'  (of heads; refused on hf)' if name in method.heads_only else ''}")


def _settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_written(value)}" for name, value in settings.items()) or "-"


def _written(value: Any) -> str:
    """As --set takes it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def assigned(argument: str, *, many: bool) -> tuple[str, list[Any]]:
    """name=value, or name=a,b,c. Raises UserError on anything else."""
    from aarlab.errors import UserError
    from aarlab.studyfile import parse_value

    name, equals, text = argument.partition("=")
    values = text.split(",") if many else [text]
    if not equals or not name.strip() or not all(value.strip() for value in values):
        raise UserError(f"--set {argument}: write it as {'name=a,b,c' if many else 'name=value'}")
    return name.strip(), [parse_value(value.strip()) for value in values]


def _problem(
    domain: str, sets: Sequence[str], *, backend: str, data: str | None
) -> "tuple[W2SSettings, Sequence[str]]":
    """Settings of the problem, and the assignments that are the method's. Raises UserError."""
    from aarlab.errors import UserError
    from aarlab.studyfile import apply_sets, build_config, suggest, validate_table
    from aarlab.w2s.domains.embedded import EMBEDDED
    from aarlab.w2s.problem import W2SSettings

    theirs = [one for one in sets if one.startswith("problem.")]
    place = {"domain": domain} if data is None else {"data": data}
    table = build_config(apply_sets({"problem": {"backend": backend, **place}}, theirs), source="--set").problem
    settings = validate_table(W2SSettings, table.own(), source="--set", table="problem")
    if settings.data is None and settings.domain not in EMBEDDED:
        known = suggest(settings.domain, EMBEDDED) or f"; there are {', '.join(EMBEDDED)}"
        raise UserError(f"{settings.domain}: there is no such domain{known}")
    return settings, [one for one in sets if one not in theirs]


def _name(settings: "W2SSettings") -> str:
    return settings.domain if settings.data is None else Path(settings.data).resolve().name


def _points(name: str, assigned: Sequence[tuple[str, list[Any]]], *, model: bool) -> list[dict[str, Any]]:
    """All combinations, each checked. Raises UserError before anything is loaded."""
    from aarlab.errors import UserError
    from aarlab.w2s.methods import method

    found, names = method(name, model=model), [setting for setting, _ in assigned]
    if len(set(names)) < len(names):
        raise UserError("--set: a setting is named twice")
    points = [dict(zip(names, values, strict=True)) for values in itertools.product(*(v for _, v in assigned))]
    if len(points) > MOST_POINTS:
        raise UserError(f"--set: {len(points)} combinations are more than {MOST_POINTS}; name fewer values")
    for point in points:
        found.check(point, model=model)
    return [{"method": name, "settings": point} for point in points]


def _rows(
    settings: "W2SSettings", points: Sequence[Mapping[str, Any]], *, seeds: int, quiet: bool
) -> list[dict[str, Any]]:
    """A row for each point in order, beside vanilla on the same draws."""
    from aarlab.cli.problem import ProgressLine
    from aarlab.w2s.table import Variant, table_of

    asked = [Variant(f"point {place}", point["method"], point["settings"]) for place, point in enumerate(points)]
    variants = (Variant("vanilla", "vanilla"), *asked)
    processes = 1 if seeds * len(asked) <= FEW else None
    with ProgressLine(quiet=quiet) as line:
        problems = {_name(settings): settings}
        rows = table_of(problems, seeds=seeds, variants=variants, processes=processes, progress=line)
    found = {row["method"]: row for row in rows}
    return [{**found[variant.label], "method": variant.method} for variant in asked]


def _pgr(row: Mapping[str, Any]) -> str:
    from aarlab.cli.views import interval, signed

    if row["refusal"]:
        return f"none: {row['refusal']}"
    return f"{signed(row['pgr'])}  (95 % interval {interval(row['low'], row['high'])})"


def _sentences(row: Mapping[str, Any]) -> str:
    from aarlab.cli.views import interval, part_text, signed

    settings = f" with {_settings(row['settings'])}" if row["settings"] else ""
    ends = f"weak teacher {row['weak_acc']:.4f}, ceiling {row['strong_acc']:.4f}"
    return (
        f"{row['method']}{settings} on {row['domain']}, {row['seeds']} draws\n"
        f"PGR           {_pgr(row)}\n"
        f"over vanilla  {signed(row['over_vanilla'])}  "
        f"(95 % interval {interval(row['over_vanilla_low'], row['over_vanilla_high'])}, paired by items and draws)\n"
        f"accuracy      {row['transfer_acc']:.4f}  ({ends})\n"
        f"time          {row['seconds_per_seed']:.3f} s a draw"
        + "".join(f"\n{part_text(name, part)}" for name, part in row.get("by_distribution", {}).items())
    )
