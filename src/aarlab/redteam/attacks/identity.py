"""Requests that claim: a metric, a name, a vote, a result that was never scored, another baseline."""

from collections.abc import Iterator, Mapping
from typing import Any

from aarlab.errors import OperatorError
from aarlab.redteam.attack import Attack, Blow
from aarlab.redteam.hands import ATTACKER, VANILLA, VICTIM, Reply, ask, inside, prove
from aarlab.redteam.naive import NaiveScorer
from aarlab.redteam.target import Range, Target
from aarlab.wire import Board, FindingRequest, ProposalRequest, SnapshotRequest

Body = Mapping[str, Any]
METRICS: Body = {"pgr": 0.97, "value": 0.97, "transfer_acc": 0.99, "answer": 0.99, "score": 1.0, "new_best": True}
"""What a request could claim."""
NAMES = ("name", "author", "researcher", "actor", "user", "identity")
"""Fields and headers that could name somebody."""


def requests(target: Target) -> dict[tuple[str, str], Body]:
    """A request to every address at which a researcher can write, each of them taken as it is.

    Raises OperatorError when one is not: then its refusal with something added would show nothing.
    """
    sound = _sound(target)
    for (method, path), body in sound.items():
        if not (reply := ask(target, ATTACKER, method, path, body)).ok:
            raise OperatorError(f"an attack of the red team is broken: {method} {path} is answered {reply.status}")
    return sound


def _sound(target: Target) -> dict[tuple[str, str], Body]:
    door = target.door(ATTACKER)
    proposal = door.propose(ProposalRequest(title="sound", text="x"))
    snapshot = door.snapshot(SnapshotRequest(files={"method.py": VANILLA}, message="x"))
    finding = target.door(VICTIM).finding(FindingRequest(kind="insight", title="a post", text="x"))
    work = {"proposal": proposal, "snapshot": snapshot}
    return {
        ("POST", "/v1/snapshots"): {"files": {"method.py": VANILLA}, "message": "x"},
        ("POST", "/v1/proposals"): {"title": "sound", "text": "x"},
        ("POST", "/v1/dev"): {**work, "students": [door.put_blob(b"x")] * target.config.dev.seeds},
        ("POST", "/v1/verify"): work,
        ("POST", "/v1/findings"): {"kind": "insight", "title": "sound", "text": "x"},
        ("POST", f"/v1/findings/{finding}/vote"): {"value": 0},
        ("PUT", "/v1/notes"): {"text": "x"},
    }


# ---- own metrics --------------------------------------------------------------------------------------------


def _naive_metrics(naive: NaiveScorer) -> Blow:
    naive.post_result({"author": "mallory", "method": "wonder", "title": "wonder", "pgr": 0.97})
    best = max(value for name, value in naive.board.items() if name not in ("vanilla", "ceiling"))
    return Blow(float(best == METRICS["pgr"]), _BELIEVED, 0, f"the board says {best:.2f}")


def _our_metrics(labs: Range) -> Blow:
    target = labs.lab("system")
    sound = requests(target)
    before = _numbers(target)
    tried = [
        ask(target, ATTACKER, method, path, {**body, name: value})
        for (method, path), body in sound.items()
        for name, value in METRICS.items()
    ]
    tried += [ask(target, ATTACKER, "PUT", f"/v1/submissions/{name}", METRICS) for name in _submissions(target)]
    believed = sum(reply.ok for reply in tried) + (_numbers(target) != before)
    return Blow(believed, _BELIEVED, 0, f"{len(tried)} requests with a metric refused, the board is as it was")


def _numbers(target: Target) -> list[tuple[Any, ...]]:
    return [(row.name, row.value, row.low, row.high) for row in board(target).rows]


def board(target: Target) -> Board:
    """The board, once it has a verified row and all its marks."""
    prove(target, {"honest": {"method.py": VANILLA}})
    return target.operator.board()


def _submissions(target: Target) -> Iterator[str]:
    return (row.submission for row in board(target).rows if row.submission is not None)


_BELIEVED = "numbers of the attacker's own believed"


# ---- another's name -----------------------------------------------------------------------------------------


def _naive_name(naive: NaiveScorer) -> Blow:
    post = naive.post({"author": "alice", "title": "I retract everything"})
    return Blow(float(post["author"] == "alice"), _ACTS, 0, "the post stands under the name in the request")


def _our_name(labs: Range) -> Blow:
    """By fields, headers and query; then by the victim's and the operator's sockets, from inside a sandbox."""
    target = labs.lab("system")
    sound = requests(target)
    before = _by(target, VICTIM)
    tried = [
        ask(target, ATTACKER, method, path, {**body, name: VICTIM})
        for (method, path), body in sound.items()
        for name in NAMES
    ]
    for name in NAMES:
        title = f"posted with the header {name}"
        headers = {f"X-{name}": VICTIM, name: VICTIM, "Authorization": f"Bearer {VICTIM}", "Host": VICTIM}
        post = {"kind": "insight", "title": title, "text": "x"}
        ask(target, ATTACKER, "POST", f"/v1/findings?{name}={VICTIM}", post, headers)
    ways = inside(target, "sockets", {"paths": _ways(target)})
    acts = sum(reply.ok for reply in tried) + (_by(target, VICTIM) - before) + len(ways)
    words = f"{len(tried)} fields refused, {len(NAMES)} sets of headers without effect, {len(ways)} sockets open"
    return Blow(acts, _ACTS, 0, words)


def _by(target: Target, name: str) -> int:
    """Entries of the ledger that this researcher has caused."""
    return sum(event.actor == name for event in _events(target))


def _events(target: Target) -> Iterator[Any]:
    after = 0
    while page := target.operator.events(after=after):
        yield from page
        after = page[-1].seq


def _ways(target: Target) -> list[str]:
    paths = target.paths
    real = [paths.socket_folder(VICTIM) / "lab.sock", paths.operator_socket]
    return [
        *map(str, real),
        f"/sock/../../{VICTIM}/sock/lab.sock",
        "/sock/../operator/lab.sock",
        f"/sock/{VICTIM}.sock",
    ]


_ACTS = "acts in another's name"


# ---- votes --------------------------------------------------------------------------------------------------


def _naive_vote(naive: NaiveScorer) -> Blow:
    post = naive.post({"author": "mallory", "title": "wonder"})
    for _ in range(10):
        naive.vote(naive.posts.index(post), {"value": 1})
    return Blow(float(post["votes"]), _VOTES, 0, "ten votes for its own post")


def _our_vote(labs: Range) -> Blow:
    target = labs.lab("system")
    own = target.door(ATTACKER).finding(FindingRequest(kind="insight", title="wonder", text="x"))
    other = target.door(VICTIM).finding(FindingRequest(kind="insight", title="another's", text="x"))
    for name, post in (("mine", own), ("another's", other)):
        for value in (1, 1, 1, 2, 10, True, 1.5, -10):
            ask(target, ATTACKER, "POST", f"/v1/findings/{post}/vote", {"value": value})
            ask(target, ATTACKER, "POST", f"/v1/findings/{post}/vote?again={name}", {"value": 1})
    votes = {post.id: post.votes for post in target.operator.forum()}
    won = votes[own] + max(0, votes[other] - 1)
    return Blow(won, _VOTES, 0, f"own post {votes[own]:+d}, another's {votes[other]:+d} after 32 votes")


_VOTES = "votes too many"


# ---- results without a run ----------------------------------------------------------------------------------


def _naive_result(naive: NaiveScorer) -> Blow:
    naive.post_result({"author": "mallory", "method": "never run", "title": "never run", "pgr": 1.2})
    return Blow(float("never run" in naive.board), _RESULTS, 0, "it stands on the board")


def _our_result(labs: Range) -> Blow:
    target = labs.lab("system")
    failed = prove(target, {"it fails": {"method.py": "raise SystemExit(3)\n"}})["it fails"]
    unknown = ("d-0", "v-0", "v-" + "0" * 20, "", "../board", "vanilla", failed.id, None)
    tried = [
        ask(target, ATTACKER, "POST", "/v1/findings", _result(kind, submission))
        for kind in ("result", "negative result")
        for submission in unknown
    ]
    return Blow(sum(reply.ok for reply in tried), _RESULTS, 0, f"{len(tried)} posts refused; one run had failed")


def _result(kind: str, submission: str | None) -> Body:
    return {"kind": kind, "title": "PGR 1.2", "text": "it works", "submission": submission}


_RESULTS = "results without a scored run"


# ---- baselines ----------------------------------------------------------------------------------------------


def _naive_mark(naive: NaiveScorer) -> Blow:
    naive.edit_mark({"mark": "vanilla", "pgr": -0.5})
    return Blow(float(naive.board["vanilla"] != 0.0), _MARKS, 0, "vanilla is now worse than the teacher")


def _our_mark(labs: Range) -> Blow:
    """By every address that could take them; as the operator, from a researcher's socket; by posing as one."""
    target = labs.lab("system")
    before = _marks(target)
    worse = {"name": "vanilla", "kind": "mark", **METRICS}
    places = ("/v1/board", "/v1/marks", "/v1/board/vanilla", "/v1/problem", "/operator/board", "/operator/marks")
    tried: list[Reply] = [
        ask(target, ATTACKER, method, place, worse) for place in places for method in ("POST", "PUT", "PATCH", "DELETE")
    ]
    tried += [
        ask(target, ATTACKER, "POST", f"/operator/{what}", {"action": "stop"}) for what in ("control", "sessions")
    ]
    target.door(ATTACKER).propose(ProposalRequest(title="vanilla", text="I am the mark"))
    changed = sum(reply.ok for reply in tried) + (_marks(target) != before)
    return Blow(changed, _MARKS, 0, f"{len(tried)} requests refused, {len(before)} marks as they were")


def _marks(target: Target) -> dict[str, Any]:
    return {row.name: row.facts for row in board(target).rows if row.kind == "mark"}


_MARKS = "baselines changed"

ATTACKS = (
    Attack(
        "send own metrics",
        "identity",
        "Adds pgr, transfer_acc, answer and the like to every request.",
        _naive_metrics,
        _our_metrics,
    ),
    Attack(
        "be somebody else",
        "identity",
        "Names another researcher in fields, headers and queries, and looks for another's socket from inside.",
        _naive_name,
        _our_name,
    ),
    Attack(
        "vote for oneself", "identity", "Votes for its own post, and many times for another's.", _naive_vote, _our_vote
    ),
    Attack(
        "a result without a run",
        "identity",
        "Posts results for submissions that do not exist, are not scored or have failed.",
        _naive_result,
        _our_result,
    ),
    Attack(
        "another baseline",
        "identity",
        "Edits the marks of the board, so that every method looks better.",
        _naive_mark,
        _our_mark,
    ),
)
