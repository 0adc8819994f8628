"""The operator's desk for transfers: verified methods on other domains, from request to the ledger.

Only what is finished is written. Draws and noise follow from the study's key, the method and the domain's data, so
whoever asks again gets the same rows, and what was cut short is computed anew.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aarlab.canonical import canonical_json, digest_json
from aarlab.errors import AarlabError, ResearcherError, UserError
from aarlab.lab.crew import Crew
from aarlab.lab.events import Kind
from aarlab.lab.ledger import Ledger
from aarlab.lab.office import MOST, fresh, request_meta
from aarlab.lab.records import SubmissionRecord, TransferRecord
from aarlab.lab.rerun import Bench
from aarlab.lab.snapshots import Snapshots, content_hash
from aarlab.lab.standing import RANKS, apart, standing
from aarlab.lab.state import State
from aarlab.lab.transfer import Arrived, Journey, Stopped, at_home, body, moved
from aarlab.lab.vault import Keys
from aarlab.paths import StudyPaths, cache_folder
from aarlab.problem.contract import Problem
from aarlab.problem.registry import load
from aarlab.settings import StudyConfig
from aarlab.wire import TRUST, TransferRequest, TransferRow, TransferState


@dataclass
class _Ticket:
    """A request under way."""

    request: TransferRequest
    id: str
    key: str | None
    """Of the operator's request, for the entries that come of it."""
    rows: list[str] = field(default_factory=list)
    step: int = 0
    steps: int = 0
    words: str = "waiting"
    done: bool = False
    trouble: AarlabError | None = None

    def tell(self, step: int, steps: int, words: str) -> None:
        """Takes down how far it is."""
        self.step, self.steps, self.words = step, steps, words


class Transfers:
    """Carries verified methods over, one request after the other."""

    def __init__(
        self, ledger: Ledger, snapshots: Snapshots, *, keys: Keys, bench: Bench, crew: Crew, paths: StudyPaths
    ) -> None:
        """`bench` is that of the study; `crew` has one worker."""
        self._ledger = ledger
        self._snapshots = snapshots
        self._keys = keys
        self._crew = crew
        self._uid: Callable[[int], int | None] = lambda slot: paths.uid(3 * MOST + slot)
        self._home = replace(bench, folder=_folder(paths))
        self._home.clear()
        self._at = self._home
        """Bench of the domain at which it works now."""
        self._tickets: dict[str, _Ticket] = {}
        self._lock = threading.Lock()

    def request(self, request: TransferRequest, *, id: str | None = None) -> TransferState:
        """Begins, or says how far the same request is. Raises UserError before anything is computed."""
        with self._ledger.open() as book:
            record = carried(book.state, request.submission)
            config = book.state.settings()
            again = not fresh(book, id)
        for place in request.to:
            moved(config, place)
        name = "q-" + digest_json(request.model_dump(mode="json"))[:20]
        with self._lock:
            known = self._tickets.get(name)
            if known is None or (known.done and not again):
                self._tickets[name] = ticket = _Ticket(request, name, id)
                self._crew.add(lambda _: self._carry(ticket, record, config))
        return self.state(name)

    def state(self, name: str) -> TransferState:
        """How far a request is. Raises UserError on one that this server has not seen."""
        with self._lock:
            ticket = self._tickets.get(name)
        if ticket is None:
            raise UserError(f"{name[:40]}: there is no such request; ask again, what is finished is on record")
        done = ticket.done  # before the rows: what was done then has all of them
        with self._ledger.open() as book:
            rows = tuple(row(book.state, book.state.transfers[entry]) for entry in ticket.rows)
        told = {"step": ticket.step, "steps": ticket.steps, "words": ticket.words, "rows": rows}
        trouble = ticket.trouble
        words = {"trouble": str(trouble), "status": trouble.exit_code} if trouble else {}
        return TransferState(id=name, done=done, **told, **words)

    def kill(self) -> None:
        """Ends what runs."""
        self._at.kill()

    def _carry(self, ticket: _Ticket, record: SubmissionRecord, config: StudyConfig) -> None:
        try:
            files = self._snapshots.files(record.snapshot)
            if content_hash(files) != record.content:
                raise UserError(f"{record.id}: the files of its snapshot are not those that were verified")
            self._visit(ticket, record, files, at_home(config), origin=True)
            for place in ticket.request.to:
                self._visit(ticket, record, files, moved(config, place), origin=False)
        except Stopped:
            pass
        except AarlabError as error:
            ticket.trouble = error
        ticket.done = True

    def _visit(
        self, ticket: _Ticket, record: SubmissionRecord, files: dict[str, str], config: StudyConfig, *, origin: bool
    ) -> None:
        """One domain: what is on record already is not computed again."""
        ticket.tell(0, 0, "reading the data")
        problem = self._home.problem if origin else _build(config, ticket)
        self._at = replace(self._home, problem=problem, config=config)
        place = problem.card().name.rpartition("/")[2]
        asked = ticket.request
        journey = Journey(
            self._at,
            self._keys,
            files,
            count=asked.seeds or config.verify.seeds,
            answers=0 if origin or asked.settings is not None else asked.answers,
            given=None if origin else asked.settings,
            uid=self._uid,
            tell=lambda done, total, words: ticket.tell(done, total, f"{place}: {words}"),
            stopping=self._crew.stopping,
        )
        journey.check()
        before: Arrived | None = None
        with self._ledger.open() as book:
            missing = [way for way in journey.ways() if journey.id(way) not in book.state.transfers]
        for way in journey.ways() if missing else ():
            # Its draws are needed for the difference, so "as is" is run again where only the rest is missing.
            arrived = journey.arrive(way, before=before)
            before = before or arrived
            if way in missing:
                self._write(ticket, record, body(journey, arrived, place=place, origin=origin), arrived)
        ticket.rows += [journey.id(way) for way in journey.ways()]

    def _write(self, ticket: _Ticket, record: SubmissionRecord, told: dict[str, Any], arrived: Arrived) -> None:
        sandbox = self._home.backend.describe()
        whose = {"submission": record.id, "snapshot": record.snapshot, "content": record.content}
        meta = {"cpu_seconds": round(arrived.cpu_seconds, 3), "missing": sorted(sandbox.missing)}
        with self._ledger.open() as book:
            book.write(
                Kind.TRANSFER_FINISHED,
                "lab",
                told | whose,
                **meta,
                rankable=sandbox.rankable,
                **request_meta(ticket.key),
            )


def carried(state: State, submission: str) -> SubmissionRecord:
    """The finished verification of that id, if it may be carried over. Raises UserError."""
    record = state.submissions.get(submission)
    if record is None or record.door != "verify":
        raise UserError(f"{submission}: there is no such verified submission; `aarlab board` lists them")
    if record.pending:
        raise UserError(f"{submission}: is not finished yet; carry it over when it has its row")
    if record.protocol != "method":
        raise UserError(f"{submission}: was graded as it was handed in ({TRUST[record.protocol]}); nothing can be run")
    if record.status != "ok":
        raise UserError(f"{submission}: did not come out ({record.status}), so there is nothing to carry over")
    if (word := standing(state, submission)) not in RANKS:
        raise UserError(f"{submission}: is {word}; `aarlab incidents` says why")
    return record


def rows(state: State) -> tuple[TransferRow, ...]:
    """All transfers on record, in their order."""
    return tuple(row(state, record) for record in state.transfers.values())


def row(state: State, record: TransferRecord) -> TransferRow:
    """One of them, as the operator sees it; the draws' seeds stay in the ledger."""
    submission = state.submissions[record.body["submission"]]
    name = state.proposals[submission.proposal].title
    notes: list[str] = [word for word in (standing(state, submission.id), apart(state, submission)) if word]
    notes += [f"sandbox did not enforce {', '.join(record.missing)}"] if record.missing else []
    return row_of(record.body, name=name, submission=submission.id, note="; ".join(notes))


def row_of(told: Mapping[str, Any], *, name: str, submission: str | None, note: str) -> TransferRow:
    """A row out of the body of its entry, or of what would be one."""
    same = ("id", "way", "origin", "place", "problem", "components", "settings", "status", "over", "answers", "tuning")
    score = told["score"] or {}
    fields = {field: score.get(field) for field in ("value", "low", "high", "refusal")}
    plain = {part: told[part] for part in same} | fields
    more = {"facts": score.get("facts", {}), "marks": told["marks"], "draws": len(told["seeds"])}
    whose = {"name": name, "submission": submission, "note": note}
    return TransferRow.model_validate_json(canonical_json(plain | more | whose))


def _build(config: StudyConfig, ticket: _Ticket) -> Problem:
    kind, own = config.problem.kind, config.problem.own()
    try:
        return load(kind, own, cache=cache_folder(), progress=ticket.tell, source="transfer")
    except ResearcherError as error:
        raise UserError(str(error)) from None


def _folder(paths: StudyPaths) -> Path:
    """Of the runs' short-lived folders; the folder above it names the sandboxes, and so must not be verify's."""
    return paths.runtime / f"transfer-{paths.runtime.name}" / "runs"
