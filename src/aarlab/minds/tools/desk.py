"""Tools for the lab: freezing, handing in, forum, board, notes. The lab decides; these go to its door."""

from typing import Any

from pydantic import Field

from aarlab.errors import ResearcherError
from aarlab.minds.protocol import Workbench
from aarlab.minds.tools.box import Form, Tool, tool
from aarlab.minds.tools.briefing import HANDED_IN, handed_in, left
from aarlab.minds.tools.files import OF_OTHERS, inside, read, told
from aarlab.minds.tools.news import digest_of
from aarlab.quote import quote_untrusted
from aarlab.wire import (
    BoardRow,
    DevRequest,
    Finding,
    FindingRequest,
    NoteRequest,
    ProposalRequest,
    SnapshotRequest,
    Submission,
    VerifyRequest,
)

STUDENT_BYTES = 16 << 20
WAIT_SECONDS, LOOK_SECONDS = 300.0, 5.0
LAB_POST = "ledger head"


class Freeze(Form):
    """Of `snapshot`."""

    folder: str
    """Below /work."""
    message: str = Field(max_length=500)
    """One line on what is new."""
    files: tuple[str, ...] = ("method.py",)
    """Files of the folder that belong to the method."""
    parents: tuple[str, ...] = ()
    """Snapshots that it builds on."""


class HandIn(Form):
    """Of `submit_dev` and `submit_verify`."""

    proposal: str
    """Id from `propose`."""
    snapshot: str
    """Id from `snapshot`."""


class ReadForum(Form):
    """Of `read_forum`."""

    last: int = Field(10, ge=1, le=50)
    """How many of the latest findings."""
    query: str = Field("", max_length=400)
    """Words to search for: the few findings that fit them best, instead of the latest."""


class Fetch(Form):
    """Of `fetch_snapshot`."""

    snapshot: str
    """Its id."""


class Nothing(Form):
    """Of a tool that takes nothing."""


class LabDesk:
    """Speaks with the lab for one researcher."""

    def __init__(self, bench: Workbench) -> None:
        """Uses the bench's door."""
        self._bench, self._door = bench, bench.door

    def tools(self) -> dict[str, Tool]:
        """By name."""
        return {
            "snapshot": tool("Freezes a method folder and answers its id.", Freeze, self.freeze),
            "propose": tool(
                "Freezes a description of a method, without results; answers its id.", ProposalRequest, self.propose
            ),
            "submit_dev": tool("Trains a frozen method and asks for a coarse accuracy.", HandIn, self.dev),
            "submit_verify": tool(
                "Has the lab verify a frozen method; asked again, it waits on for the same answer.", HandIn, self.verify
            ),
            "post": tool("Posts a finding on the forum.", FindingRequest, self.post),
            "digest": tool("Shows what is new since last time.", Nothing, self.digest),
            "read_forum": tool("Shows the latest findings, or searches them.", ReadForum, self.forum),
            "fetch_snapshot": tool("Writes a frozen method's files into the workspace.", Fetch, self.fetch),
            "board": tool("Shows verified methods, reference marks, and what is left to spend.", Nothing, self.board),
            "note": tool("Replaces your notes, which every session begins with.", NoteRequest, self.note),
        }

    def freeze(self, form: Freeze) -> str:
        """The snapshot's id."""
        folder = inside(form.folder)
        files = {name: read(self._bench, inside(f"{folder}/{name}")) for name in form.files}
        request = SnapshotRequest(files=files, message=form.message, parents=form.parents)
        return self._keep(f"snapshot {self._door.snapshot(request)} of {folder}: {form.message}")

    def propose(self, form: ProposalRequest) -> str:
        """The proposal's id."""
        return self._keep(f"proposal {self._door.propose(form)}: {form.title}")

    def dev(self, form: HandIn) -> str:
        """The coarse answer."""
        students = self._students(form.snapshot, self._bench.card.student_file)
        request = DevRequest(proposal=form.proposal, snapshot=form.snapshot, students=students)
        return self._keep(_words(self._answered(self._door.dev(request, wait=LOOK_SECONDS))))

    def verify(self, form: HandIn) -> str:
        """The verified value, when it comes in time."""
        card = self._bench.card
        file = card.verify_file or card.student_file
        students = () if card.protocol == "method" else self._students(form.snapshot, file)
        request = VerifyRequest(proposal=form.proposal, snapshot=form.snapshot, students=students)
        sent = self._door.verify(request)
        self._keep(f"verify {sent.id} of snapshot {sent.snapshot} with proposal {sent.proposal}")
        return self._keep(_words(self._answered(sent)))

    def post(self, form: FindingRequest) -> str:
        """The finding's id."""
        return self._keep(f"finding {self._door.finding(form)}: {form.title}")

    def forum(self, form: ReadForum) -> str:
        """Findings, oldest first, or those that fit a query, best first; with the words of others as data."""
        self._bench.findings()  # brings the files up to date
        if form.query:
            found = self._door.search_forum(form.query)
            return "\n\n".join([f"{len(found)} findings fit best", *(_finding(one) for one in found)])
        posts = [one for one in self._door.forum() if one.kind != LAB_POST]
        shown = [_finding(one) for one in posts[-form.last :]]
        return "\n\n".join([f"{len(posts)} findings; all of them are in /work/forum", *shown])

    def digest(self, _: Nothing) -> str:
        """News."""
        return digest_of(self._bench).since()

    def fetch(self, form: Fetch) -> str:
        """Where its files are."""
        found = self._door.get_snapshot(form.snapshot)
        for name, text in found.files.items():
            self._bench.put(f"{OF_OTHERS}/{found.id}/{name}", text.encode())
        written = quote_untrusted(found.author, found.message, "\n".join(found.files))
        return f"the files of {found.id} by {found.author} are in /work/{OF_OTHERS}/{found.id}\n{written}"

    def board(self, _: Nothing) -> str:
        """Rows of the board."""
        rows = [_row(row) for row in self._door.board().rows]
        return "\n".join([*rows, f"left: {left(self._bench, self._door.me())}"])

    def note(self, form: NoteRequest) -> str:
        """Saved."""
        self._door.save_notes(form.text)
        return "saved"

    def _students(self, snapshot: str, file: str) -> tuple[str, ...]:
        """Blobs of what a frozen method trains on the public data, one for each seed; trained only once."""
        out, seeds = f"out/{snapshot}", range(self._bench.me.dev_seeds)
        if any(self._bench.get(f"{out}/{seed}/{file}", max_bytes=STUDENT_BYTES) is None for seed in seeds):
            for name, text in self._door.get_snapshot(snapshot).files.items():
                self._bench.put(f"frozen/{snapshot}/{name}", text.encode())
            done = self._bench.train(f"frozen/{snapshot}", out=out, seeds=list(seeds))
            if done.status != "ok":
                raise ResearcherError(f"the training failed, so nothing was handed in: {told(done)}")
        return tuple(self._door.put_blob(self._left(f"{out}/{seed}/{file}")) for seed in seeds)

    def _left(self, path: str) -> bytes:
        data = self._bench.get(path, max_bytes=STUDENT_BYTES)
        if data is None:
            raise ResearcherError(f"the training left no {path}", code="missing")
        return data

    def _answered(self, seen: Submission) -> Submission:
        """Waits for an answer, as long as nobody says stop."""
        for _ in range(round(WAIT_SECONDS / LOOK_SECONDS)):
            if seen.status not in ("queued", "running"):
                break
            self._bench.log(f"waits for {seen.id}: {seen.status}")
            seen = self._door.submission(seen.id, wait=LOOK_SECONDS)
            self._bench.should_stop()
        return seen

    def _keep(self, line: str) -> str:
        """Adds a line to the list that the next session begins with."""
        before = handed_in(self._bench)
        if f"- {line}\n" not in before:
            try:
                self._bench.put(HANDED_IN, f"{before}- {line}\n".encode())
            except ResearcherError as error:
                return f"{line}\n(this could not be added to /work/{HANDED_IN}: {error})"
        return line


def _words(seen: Submission) -> str:
    """What the lab says of a submission, in one line."""
    told: dict[str, Any] = {
        "answer": seen.answer,
        "value": seen.value,
        "low": seen.low,
        "high": seen.high,
        "refusal": seen.refusal,
        "apart": seen.apart or None,
        "standing": seen.standing or None,
        **{name: value for name, value in seen.facts.items() if isinstance(value, int | float)},
    }
    words = [f"{name} {value}" for name, value in told.items() if value is not None]
    return f"submission {seen.id} ({seen.door}): {', '.join([seen.status, *words])}"


def _finding(one: Finding) -> str:
    lines = [f"finding {one.id}: {one.kind} by {one.author}, votes {one.votes}"]
    lines += [f"replies to {one.replies_to}"] if one.replies_to else []
    lines += [f"corrected by {', '.join(one.corrected_by)}"] if one.corrected_by else []
    lines += [f"the lab says: {_words(one.submission)}, snapshot {one.submission.snapshot}"] if one.submission else []
    return "\n".join([*lines, quote_untrusted(one.author, one.title, one.text)])


def _row(row: BoardRow) -> str:
    def figure(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    value = f"{figure(row.value)} [{figure(row.low)}, {figure(row.high)}]"
    if row.kind == "mark":
        return f"mark {row.name}: {value} {row.note}".rstrip()
    head = f"rank {row.rank or '-'}: {value} {row.status} by {row.researcher}, snapshot {row.snapshot} {row.note}"
    return f"{head.rstrip()}\n{quote_untrusted(row.researcher, row.name)}"
