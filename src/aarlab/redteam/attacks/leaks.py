"""Files and methods that carry something across a border: programs in, labels and facts on hidden draws out."""

import io
import math
import pickle
import secrets
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aarlab.redteam.attack import Attack, Blow
from aarlab.redteam.attacks.code import after_training, method, words
from aarlab.redteam.hands import ATTACKER, VANILLA, VICTIM, ask, inside, prove
from aarlab.redteam.naive import NaiveScorer
from aarlab.redteam.target import Range, Target
from aarlab.wire import DevRequest, ProposalRequest, SnapshotRequest, Submission

_DRAWS = 3
"""Verifications of each channel that are compared, after a first one: what follows it is held as its copy."""


class _Trap:
    """When it is unpickled, a file appears."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self._path), "w"))


# ---- a pickle -----------------------------------------------------------------------------------------------


def _naive_pickle(naive: NaiveScorer) -> Blow:
    marker = naive.scratch / "run-by-pickle"
    opened = naive.load_student(pickle.dumps(_Trap(marker)))
    assert isinstance(opened, io.IOBase), "the trap opens a file"
    opened.close()
    return Blow(float(marker.exists()), _PROGRAMS, 0, "loading the student ran the program in it")


def _our_pickle(labs: Range) -> Blow:
    target = labs.lab("system")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        markers = [Path(folder) / name for name in ("dev", "verify")]
        trap = pickle.dumps(_Trap(markers[0]))
        answer = _dev(target, trap)
        left = f"FILE.write_bytes({pickle.dumps(_Trap(markers[1]))!r})"
        row = prove(target, {"a pickle as its student": after_training(left)})
        ran = sum(marker.exists() for marker in markers)
    return Blow(ran, _PROGRAMS, 0, f"dev: {answer.status}; {words(row)}")


def _dev(target: Target, student: bytes) -> Submission:
    """Hands the same bytes in as every student of a dev submission."""
    door = target.door(ATTACKER)
    proposal = door.propose(ProposalRequest(title="a file", text="x"))
    snapshot = door.snapshot(SnapshotRequest(files={"method.py": VANILLA}, message="x"))
    students = tuple(door.put_blob(student) for _ in range(target.config.dev.seeds))
    return door.dev(DevRequest(proposal=proposal, snapshot=snapshot, students=students))


_PROGRAMS = "programs run by reading a file"


# ---- an archive ---------------------------------------------------------------------------------------------


def _archive(naive: NaiveScorer) -> bytes:
    """Climbs out in three ways; what it aims at lies in the naive scorer's own folder."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        _add(archive, "../climbed", b"x")
        link = tarfile.TarInfo("way")
        link.type, link.linkname = tarfile.SYMTYPE, str(naive.folder)
        archive.addfile(link)
        _add(archive, "way/through-a-link", b"x")
        pipe = tarfile.TarInfo("../pipe")
        pipe.type = tarfile.FIFOTYPE
        archive.addfile(pipe)
    return packed.getvalue()


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))


def _naive_archive(naive: NaiveScorer) -> Blow:
    out = naive.unpack(_archive(naive))
    return Blow(len(out), _OUTSIDE, 0, f"written outside the inbox: {', '.join(sorted(path.name for path in out))}")


_OUTSIDE = "paths outside the folder that was meant"
_DEEP = "/".join(["d" * 247] * 20)
PATHS = (
    "../climbed",
    "a/../../climbed",
    "/etc/climbed",
    "//etc/climbed",
    "./x",
    ".git/config",
    "a/.ssh/key",
    "a//b",
    "a/",
    "..\\climbed",
    "C:\\climbed",
    "~/climbed",
    "x\0y",
    "a\nb",
    "\u2025/climbed",
    "\uff0e\uff0e/climbed",
    f"{_DEEP}/x",
    "method.py/below-a-file",
    "x" * 300,
)


def _our_archive(labs: Range) -> Blow:
    """The lab takes no archives: a method is a list of paths and texts, a student is one file."""
    target = labs.lab("system")
    taken = [path for path in PATHS if _freeze(target, path)]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        _add(archive, "../../../../../../../tmp/climbed", b"x")
    answer = _dev(target, packed.getvalue())
    return Blow(len(taken), _OUTSIDE, 0, f"{len(PATHS)} odd paths in methods refused; an archive is {answer.status}")


def _freeze(target: Target, path: str) -> bool:
    return ask(target, ATTACKER, "POST", "/v1/snapshots", _snapshot(path)).ok


def _snapshot(path: str) -> dict[str, object]:
    return {"files": {"method.py": VANILLA, path: "x"}, "message": "x", "parents": []}


# ---- reading labels -----------------------------------------------------------------------------------------

FOLDERS = ("/data", "/work", "/tmp", "/dev/shm", "/sock", "/home", "/root", "/var", "/run", "/srv", "/mnt", "/etc")
"""Where somebody would look."""
_FACTS = "secrets of the lab or of others that were read"


def _naive_labels(naive: NaiveScorer) -> Blow:
    naive.run_code({"method.py": "def answer(inputs):\n    return inputs\n"})
    order = {
        "paths": [str(naive.labels_file)],
        "folders": [str(naive.folder)],
        "processes": False,
        "secrets": {"labels": naive.labels_file.read_text()},
    }
    found = naive.explode("search", order)
    return Blow(len(found), _FACTS, 0, f"found {len(found)}: the path and what is in it")


def _our_labels(labs: Range) -> Blow:
    target = labs.lab("system")
    own = secrets.token_hex(16)
    target.sandbox(VICTIM).put("idea.md", own.encode())
    paths = target.paths
    key = (paths.vault / "key").read_bytes()
    order = {
        "paths": [str(path) for path in (paths.vault / "key", paths.database, paths.config, paths.work(VICTIM))]
        + [str(paths.socket_folder(VICTIM) / "lab.sock"), str(paths.operator_socket)],
        "folders": FOLDERS,
        "processes": True,
        "secrets": {"the key": key.decode("latin-1"), "another's file": own, "the study's folder": str(paths.root)},
    }
    found = inside(target, "search", order)
    return Blow(len(found), _FACTS, 0, "; ".join(found) or "paths, /proc, environment and descriptors show none")


# ---- facts on a draw ----------------------------------------------------------------------------------------

_BITS = "bits on hidden draws that came back"
_SEE = """\
import os, pathlib, signal, sys
import numpy as np

def train(task, *, seed):
    bits = int((np.asarray(task.teacher[:6]) > 0.5) @ 2 ** np.arange(6))
    out = pathlib.Path(f"/work/out/{seed}")
    out.mkdir(parents=True)
    CHANNEL
"""
CHANNELS = {
    "exit status": "sys.exit(1 + bits)",
    "signal": "os.kill(os.getpid(), [1, 2, 3, 6, 8, 9, 11, 14][bits % 8])",
    "words on stdout and stderr": "[s.write(f'bits {bits}' * bits) for s in (sys.stdout, sys.stderr)]; sys.exit(1)",
    "an error's text": "raise RuntimeError(f'bits {bits}')",
    "sizes of files": "(out / 'student.safetensors').write_bytes(b'0' * (1 + bits)); os._exit(0)",
    "names of files": "(out / f'{bits}.txt').write_text('x'); os._exit(0)",
}
"""Ways to say six bits, none of which changes the word with which a verification ends."""


def _naive_leak(naive: NaiveScorer) -> Blow:
    """Reads the first labels and says them in the exit status and on stdout."""
    code = (
        "import json, os, pathlib\ndef answer(inputs):\n"
        "    labels = json.loads(pathlib.Path(os.environ['LABELS']).read_text())[:6]\n"
        "    bits = sum(label << place for place, label in enumerate(labels))\n"
        "    print(bits, flush=True)\n    os._exit(1 + bits)\n"
    )
    told = naive.run_code({"method.py": code})
    truth = sum(label << place for place, label in enumerate(naive.hidden[:6]))
    known = 6 * ((told.returncode - 1 == truth) + (int(told.stdout) == truth))
    return Blow(known, _BITS, 0, "six labels by the exit status, and the same six on stdout")


def _our_leak(labs: Range) -> Blow:
    """The same program on several draws: whatever differs in the answers could be decoded."""
    target = labs.lab("system")
    asked = {
        f"{name} {number}": method(_SEE.replace("CHANNEL", way) + f"# {number}\n")
        for name, way in CHANNELS.items()
        for number in range(1 + _DRAWS)
    }
    rows = prove(target, asked)
    bits = sum(_decoded([rows[f"{name} {1 + number}"] for number in range(_DRAWS)]) for name in CHANNELS)
    ends = {name: rows[f"{name} 0"].status for name in CHANNELS}
    told = ", ".join(f"{name}: {status}" for name, status in ends.items())
    return Blow(
        bits, _BITS, 0, f"{len(rows)} verifications, all bytes compared; {told}. Time and the word are not counted"
    )


def _decoded(rows: Sequence[Submission]) -> float:
    """Bits that could be told from answers to one program on different draws, but for the names of what was asked."""
    seen = {row.model_copy(update={"id": "", "snapshot": ""}).model_dump_json() for row in rows}
    return math.log2(len(seen)) * len(rows)


# ---- across runs --------------------------------------------------------------------------------------------

_TRACES = "verifications that knew of an earlier run"
_NOTE = """\
import os, pathlib, socket, sys, tempfile
from aarlab.w2s.methods import METHODS

PLACES = ("/tmp", "/dev/shm", "/work", "/work/out", "/data", "/method", "/sock", "/var/tmp", "/run", "/opt/aarlab/site")

def train(task, *, seed):
    seen = False
    for place in map(pathlib.Path, PLACES):
        seen |= (place / "note").exists()
        try:
            (place / "note").write_text("was here")
        except OSError:
            pass
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect("\\0note")
        seen = True
    except OSError:
        pass
    if os.fork() == 0:
        os.setsid()
        waiting = socket.socket(socket.AF_UNIX)
        try:
            waiting.bind("\\0note")
            waiting.listen()
            waiting.accept()
        finally:
            os._exit(0)
    if seen:
        os._exit(7)
    return METHODS["vanilla"](task, seed=seed)
"""


def _naive_memory(naive: NaiveScorer) -> Blow:
    code = (
        "import os, pathlib\ndef answer(inputs):\n"
        "    note = pathlib.Path(os.environ['TMPDIR']) / 'note'\n"
        "    print('seen' if note.exists() else 'new')\n    note.write_text('x')\n    return inputs\n"
    )
    seen = [b"seen" in naive.run_code({"method.py": code}).stdout for _ in range(3)]
    return Blow(sum(seen), _TRACES, 0, "each run but the first found the note")


def _our_memory(labs: Range) -> Blow:
    target = labs.lab("system")
    rows = prove(target, {f"a note, {number}": method(_NOTE + f"# {number}\n") for number in range(3)})
    knew = [row for row in rows.values() if row.status != "ok"]
    runs = len(rows) * target.config.verify.seeds
    return Blow(len(knew), _TRACES, 0, f"{runs} runs left notes in ten places and a process behind; {words(rows)}")


ATTACKS = (
    Attack(
        "a pickle as a student",
        "code",
        "The student's file is a pickle that runs a program when it is loaded.",
        _naive_pickle,
        _our_pickle,
    ),
    Attack(
        "an archive that climbs out",
        "code",
        "Paths with .., absolute and overlong ones, links and pipes in what is handed in.",
        _naive_archive,
        _our_archive,
    ),
    Attack(
        "read the labels",
        "code",
        "Guesses paths, walks /proc, environment and inherited descriptors for labels, keys and others' files.",
        _naive_labels,
        _our_labels,
    ),
    Attack(
        "smuggle a draw out",
        "code",
        "The method says what it sees of a hidden draw by exit status, signal, output, sizes and names of files.",
        _naive_leak,
        _our_leak,
    ),
    Attack(
        "notes for the next run",
        "code",
        "The method leaves files and a process behind, for the run on the next draw to find.",
        _naive_memory,
        _our_memory,
    ),
)
