"""aarlab submit: a person hands in a method folder, by the same door and rules as every researcher."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aarlab.cli.options import Json, Study

if TYPE_CHECKING:
    from aarlab.paths import StudyPaths
    from aarlab.wire import Submission

WAIT_SECONDS = 3600.0
"""How long to wait for the verified row."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(submit)


def submit(
    method: Annotated[Path, typer.Argument(metavar="METHOD_DIR", help="Folder with method.py.")],
    title: Annotated[str, typer.Option(help="One line that names the method.")],
    proposal: Annotated[Path, typer.Option(metavar="FILE", help="What it does and why, without results; frozen.")],
    family: Annotated[str, typer.Option(help="Method family.")] = "other",
    students: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A student or a file of predictions, as the study takes; once a seed."),
    ] = None,
    study: Study = None,
    as_json: Json = False,
) -> None:
    """Hands a method in for verification and waits for its row. Status 1 when it did not come out as "ok".

    Where the study's verify.protocol is "student" or "predictions", the files are given with --students, one for each
    of dev.seeds seeds; the method goes with them and is not run.
    """
    from aarlab.cli import output
    from aarlab.cli.study import locate

    files, text = read_method(method), read_text(proposal)
    blobs = [_read_bytes(path) for path in students or ()]
    done = _hand_in(locate(study), files, title=title, text=text, family=family, students=blobs)
    output.emit(done, as_json=as_json, render=lambda: output.say(_line(done)))
    if done.status != "ok":
        raise typer.Exit(1)


def _line(done: "Submission") -> str:
    from aarlab.cli.views import interval, signed
    from aarlab.wire import TRUST

    outcome = f"PGR {signed(done.value)} ({interval(done.low, done.high)})" if done.value is not None else ""
    outcome += (f", {done.apart}" if done.apart else "") + (", new best" if done.new_best else "")
    outcome += f", {TRUST[done.protocol]}" if TRUST[done.protocol] else ""
    return f"{done.id} by {done.researcher}: {done.status} {outcome}{done.refusal or ''}".rstrip()


def read_method(folder: Path) -> dict[str, str]:
    """The files of a method folder by path. Raises UserError without a method.py, or on what is no text."""
    from aarlab.errors import UserError

    if not (folder / "method.py").is_file():
        raise UserError(f"{folder}: a method is a folder with a file method.py")
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): read_text(path) for path in paths}


def read_text(path: Path) -> str:
    """A text file. Raises UserError when it cannot be read or is no UTF-8."""
    from aarlab.errors import UserError

    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text; a method consists of text files only") from None


def _read_bytes(path: Path) -> bytes:
    from aarlab.errors import UserError

    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def _hand_in(
    paths: "StudyPaths", files: dict[str, str], *, title: str, text: str, family: str, students: list[bytes]
) -> "Submission":
    from aarlab.api.client import Door, Operator
    from aarlab.cli.serving import serving
    from aarlab.errors import ResearcherError, UserError
    from aarlab.fleet.seat import admit_person
    from aarlab.wire import ProposalRequest, SnapshotRequest, VerifyRequest

    name = identity()
    with serving(paths):
        with Operator(paths.operator_socket) as operator:
            admit_person(operator, name)
        try:
            with Door(paths.socket_folder(name) / "lab.sock") as door:
                frozen = door.propose(ProposalRequest(title=title, text=text, family=family))
                snapshot = door.snapshot(SnapshotRequest(files=files, message=title))
                blobs = tuple(door.put_blob(student) for student in students)
                request = VerifyRequest(proposal=frozen, snapshot=snapshot, students=blobs)
                return door.verify(request, wait=WAIT_SECONDS)
        except ResearcherError as error:
            raise UserError(f"refused by the lab: {error}") from None


def identity(kind: str = "person") -> str:
    """person-<login> or agent-<login>, in the letters that a researcher's name may have."""
    import getpass
    import re

    return f"{kind}-{re.sub('[^a-z0-9]+', '-', getpass.getuser().lower()).strip('-')}"[:31]
