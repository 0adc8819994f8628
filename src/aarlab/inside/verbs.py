"""What each verb of `lab` does: a few requests, and the answer as data and as text for a reader."""

import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aarlab.digest import FILE, Digest
from aarlab.errors import OperatorError, ResearcherError, UserError
from aarlab.inside import files, show
from aarlab.inside.door import Door
from aarlab.quote import quote_untrusted


@dataclass(frozen=True)
class Reply:
    """What is printed."""

    data: Any
    """For --json."""
    text: str
    """For a reader."""


def me(door: Door, _: Namespace) -> Reply:
    """Who one is."""
    found = door.get("me")
    return Reply(found, show.me(found))


def problem(door: Door, _: Namespace) -> Reply:
    """What is asked."""
    found = door.get("problem")
    return Reply(found, show.problem(found))


def digest(door: Door, _: Namespace) -> Reply:
    """What is new since last time."""
    place = Path(os.environ.get("AARLAB_WORK") or "/work") / FILE

    def look(after: int) -> dict[str, Any]:
        asked = ("me", "board", "incidents")
        return {name: door.get(name) for name in asked} | {"forum": door.get("forum", after=after)}

    text = Digest(get=lambda: files.kept(place), put=lambda data: files.keep(place, data), look=look).since()
    return Reply({"text": text}, text)


def forum(door: Door, options: Namespace) -> Reply:
    """All titles that the lab shows, those that a search finds, or one post."""
    posts = door.get("forum", **({"query": options.search} if options.search else {}))
    if options.post is None:
        return Reply(posts, show.forum(posts))
    found = next((post for post in posts if post["id"] == options.post), None)
    if found is None:
        raise ResearcherError(f"there is no post {options.post!r} on the forum", code="unknown")
    return Reply(found, show.post(found))


def board(door: Door, _: Namespace) -> Reply:
    """Verified rows."""
    found = door.get("board")
    return Reply(found, show.board(found))


def notes(door: Door, _: Namespace) -> Reply:
    """One's own notes."""
    found = door.get("notes")
    return Reply(found, show.plain(found["text"]))


def save_notes(door: Door, options: Namespace) -> Reply:
    """Replaces them."""
    found = door.send("PUT", "notes", body={"text": files.text_of(options.file)})
    return Reply(found, "saved")


def propose(door: Door, options: Namespace) -> Reply:
    """Freezes a proposal."""
    body = {"title": options.title, "text": files.text_of(options.file), "family": options.family}
    return _created(door.send("POST", "proposals", body=body))


def snapshot(door: Door, options: Namespace) -> Reply:
    """Freezes a method."""
    body = {"files": files.method_of(options.folder), "message": options.message, "parents": options.parent}
    return _created(door.send("POST", "snapshots", body=body))


def fetch(door: Door, options: Namespace) -> Reply:
    """Writes a frozen method into a new folder."""
    files.here(options.folder)
    found = door.get("snapshots", options.snapshot)
    files.write_new(options.folder, found["files"])
    return Reply(found, show.snapshot(found, folder=options.folder))


def diff(door: Door, options: Namespace) -> Reply:
    """What differs between two snapshots."""
    found = door.get("snapshots", options.old, "diff", options.new)
    return Reply(found, quote_untrusted(f"{options.old} and {options.new}", found["text"]))


def train(door: Door, options: Namespace) -> Reply:
    """Runs the card's command on a method of the workspace."""
    files.method_of(options.folder)
    out = files.here(options.out or f"out/{Path(options.folder).resolve().name}")
    seeds = options.seeds or list(range(int(door.get("me")["dev_seeds"])))
    out.mkdir(parents=True, exist_ok=True)
    words = {
        "{method}": str(Path(options.folder).resolve()),
        "{data}": os.environ.get("AARLAB_DATA") or "/data",
        "{out}": str(out),
        "{seed}": ",".join(str(seed) for seed in seeds),
    }
    found = door.get("problem")
    _run([words.get(word, _here(word)) for word in found["run"]], quiet=options.json)
    made = [str(place.relative_to(Path.cwd())) for place in sorted(out.glob("*/*")) if place.is_file()]
    return Reply({"out": str(out), "files": made}, "\n".join(made))


def dev(door: Door, options: Namespace) -> Reply:
    """Students for a coarse answer."""
    students = files.students_of(options.students, file=door.get("problem")["student_file"])
    return _hand_in(door, options, students)


def verify(door: Door, options: Namespace) -> Reply:
    """A method to be re-executed, or what the study's protocol takes instead."""
    card = door.get("problem")
    students = files.students_of(options.students, file=card["verify_file"] or card["student_file"])
    return _hand_in(door, options, students)


def submission(door: Door, options: Namespace) -> Reply:
    """How far a submission is."""
    found = door.follow(door.get("submissions", options.id), seconds=options.wait)
    return Reply(found, show.submission(found))


def post(door: Door, options: Namespace) -> Reply:
    """Posts a finding."""
    body = {
        "kind": options.kind,
        "title": options.title,
        "text": files.text_of(options.text),
        "submission": options.submission,
        "replies_to": options.replies_to,
        "corrects": options.corrects,
        "cites": options.cites,
    }
    return _created(door.send("POST", "findings", body=body))


def vote(door: Door, options: Namespace) -> Reply:
    """Votes on a finding."""
    found = door.send("POST", "findings", options.post, "vote", body={"value": int(options.value)})
    return Reply(found, "voted")


def incidents(door: Door, _: Namespace) -> Reply:
    """Incidents about one's own work."""
    found = door.get("incidents")
    return Reply(found, show.incidents(found))


def answer(door: Door, options: Namespace) -> Reply:
    """Replies to an incident."""
    body = {"text": files.text_of(options.file), "appeal": options.appeal}
    return _created(door.send("POST", "incidents", options.incident, "answer", body=body))


Verb = Callable[[Door, Namespace], Reply]
ALL: Mapping[str, Verb] = {
    "me": me,
    "problem": problem,
    "digest": digest,
    "forum": forum,
    "board": board,
    "notes": notes,
    "save-notes": save_notes,
    "propose": propose,
    "snapshot": snapshot,
    "fetch": fetch,
    "diff": diff,
    "train": train,
    "dev": dev,
    "verify": verify,
    "submission": submission,
    "post": post,
    "vote": vote,
    "incidents": incidents,
    "answer": answer,
}
"""Verb -> what it does."""


def _created(found: dict[str, Any]) -> Reply:
    return Reply(found, str(found["id"]))


def _hand_in(door: Door, options: Namespace, students: list[bytes]) -> Reply:
    """To the door that the verb names; then waits as long as one wants to."""
    body: dict[str, Any] = {"proposal": options.proposal, "snapshot": options.snapshot}
    blobs = [door.put_blob(student) for student in students]
    seen = door.send("POST", options.verb, body=body | {"students": blobs})
    found = door.follow(seen, seconds=options.wait)
    return Reply(found, show.submission(found))


def _here(word: str) -> str:
    """A word of the card's command where the Python of sandboxes lies elsewhere (no isolation)."""
    return word.replace("/opt/aarlab", os.environ.get("AARLAB_AARLAB") or "/opt/aarlab", 1)


def _run(argv: list[str], *, quiet: bool) -> None:
    """Raises UserError when there is no such program, ResearcherError when the training fails."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=sys.stderr if quiet else None, check=False)
    except OSError as error:
        raise OperatorError(f"{argv[0]}: {error.strerror}") from None
    if done.returncode != 0:
        raise ResearcherError(f"the training ended with status {done.returncode}", code="error")


def seeds(text: str) -> list[int]:
    """ "0,1,2". Raises UserError."""
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise UserError(f"--seeds {text!r}: must be whole numbers with commas between them, as in 0,1,2")
    return [int(part) for part in parts]
