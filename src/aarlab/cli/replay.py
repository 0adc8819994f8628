"""aarlab replay: a verified row again, from a study's folder alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aarlab.cli.options import Json, Study

if TYPE_CHECKING:
    from aarlab.lab.replay import Difference, Recorded
    from aarlab.lab.rerun import Bench
    from aarlab.paths import StudyPaths
    from aarlab.problem.contract import Problem

Data = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="The study's own data, when they lie elsewhere here.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(replay)


def replay(
    submission: Annotated[str, typer.Argument(help="Id of a verified row (v-...) or a transfer (t-...).")],
    study: Study = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Trains a verified method again on its recorded draws and compares the score. Status 1 when it differs."""
    from aarlab.cli import output
    from aarlab.cli.study import locate
    from aarlab.lab.replay import as_row, as_run, check_digest, differences, find_row, method_files
    from aarlab.lab.rerun import rerun
    from aarlab.lab.sqlite_store import read_events

    paths = locate(study)
    row = find_row(read_events(paths.database), submission)
    files = as_run(method_files(paths, row), row)
    problem = _problem(row, data, quiet=as_json)
    check_digest(row, problem.digest)
    if not as_json:
        output.say(f"{row.id}: training {len(files)} files on {len(row.seeds)} recorded draws")
    with _bench(paths, row, problem) as (bench, uid):
        now = as_row(rerun(bench, files, row.seeds, uid=uid))
    found = differences(row.row, now)
    told = {"submission": row.id, "same": not found, "recorded": row.row, "replayed": now, "differences": found}
    output.emit(told, as_json=as_json, render=lambda: _render(row, now, found))
    if found:
        raise typer.Exit(1)


def _problem(row: "Recorded", data: Path | None, *, quiet: bool) -> "Problem":
    from aarlab.cli.problem import build_problem

    table = row.config.problem
    if data is not None:
        table = table.model_copy(update={"data": str(data.absolute())})
    return build_problem(row.config.model_copy(update={"problem": table}), source="ledger", quiet=quiet)


@contextmanager
def _bench(paths: "StudyPaths", row: "Recorded", problem: "Problem") -> Iterator[tuple["Bench", int | None]]:
    """A bench in a folder of its own, beside that of a lab that may be at work on the same study."""
    import os
    import shutil

    from aarlab.lab.office import MOST
    from aarlab.lab.publish import prepare_runtime, runtime_for
    from aarlab.lab.rerun import Bench
    from aarlab.sandbox.select import select

    backend = select(row.config.sandbox.backend)
    runtime = runtime_for(problem, row.config, progress=lambda _: None)
    prepare_runtime(paths)
    folder = paths.runtime / f"replay-{os.getpid()}"
    folder.mkdir(mode=0o711)
    try:
        yield Bench(problem, backend, runtime, row.config, folder / "verify"), paths.uid(2 * MOST)
    finally:
        shutil.rmtree(folder)


def _render(row: "Recorded", now: dict[str, Any], found: "tuple[Difference, ...]") -> None:
    import aarlab
    from aarlab.cli import output

    old, new = row.row["score"] or {}, now["score"] or {}
    names = ("value", "low", "high")
    rows = [("status", row.row["status"], now["status"])]
    rows += [(name, str(old.get(name, "-")), str(new.get(name, "-"))) for name in names]
    output.show(output.table(("", "recorded", "replayed"), rows))
    if not found:
        output.say("the same to the last digit")
        return
    for entry in found:
        output.say(output.one_line(f"DIFFERENT: {entry.what}: {entry.recorded} -> {entry.replayed}", limit=160))
    if row.version != aarlab.__version__:
        output.say(f"note: recorded by aarlab {row.version}, replayed by {aarlab.__version__}")
