"""How boards, findings, costs and researchers look in a terminal. Text of researchers is cleaned on its way."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aarlab.cli.output import clean, one_line, table
from aarlab.report.numbers import ends, marks, methods
from aarlab.wire import TRUST, Board, BoardRow, FinalState, Finding, OperatorRow, StudyState, Submission

if TYPE_CHECKING:
    from aarlab.fleet.logs import Sign

SHORT = 10
"""Characters of an id that a person sees."""


def board_table(board: Board) -> Any:
    """Verified methods by their lower bound, those listed apart with ranks of their own, then the marks of the lab."""
    rows = [_board_row(row) for row in (*methods(board), *marks(board))]
    columns = ("rank", "PGR", "95 % interval", "accuracy", "by", "submission", "method")
    return table(columns, rows, title=_board_title(board), right=(0, 1, 2, 3))


def _board_title(board: Board) -> str:
    scale = ", ".join(f"{name} {accuracy:.3f}" for name, accuracy in ends(board).items())
    title = f"Verified board of {one_line(board.problem)}" + (f" ({scale})" if scale else "")
    apart = any(row.rank and row.apart for row in board.rows)
    return title + ("; a rank in brackets: listed apart, does not respond to the teacher" if apart else "")


def _board_row(row: BoardRow) -> tuple[str, ...]:
    accuracy = row.facts.get("transfer_acc")
    return (
        f"({row.rank})" if row.rank and row.apart else str(row.rank or "-"),
        signed(row.value),
        interval(row.low, row.high),
        f"{accuracy:.3f}" if isinstance(accuracy, float) else "",
        f"{row.researcher} {row.mind.partition(' ')[0]}".rstrip(),
        (row.submission or "")[:SHORT],
        _board_name(row),
    )


def _board_name(row: BoardRow) -> str:
    """The title, and in short what there is to remark on the row; --json and the report have all of it."""
    remarks: list[str] = [row.status] if row.status != "ok" else []
    remarks += [row.standing] if row.standing else []
    remarks += [row.apart] if row.apart and not row.standing else []
    remarks += ["new best"] if row.new_best and not row.standing else []
    remarks += [one_line(row.note, limit=66)] if row.note else []
    name = one_line(row.name, limit=46 if remarks else 70)
    return f"{name} ({'; '.join(remarks)})" if remarks else name


def row_text(row: OperatorRow) -> str:
    """One verified row whole, for the operator."""
    facts, took = row.facts, row.measured
    lines = [
        f"{row.submission} by {row.researcher}{f' ({row.mind})' if row.mind else ''}: {one_line(row.name)}",
        f"{row.status}, rank {row.rank or '-'}{f', {row.apart}' if row.apart else ''}"
        f"{f', {row.standing}' if row.standing else ''}{', new best' if row.new_best else ''}",
        f"PGR {signed(row.value)} ({interval(row.low, row.high)})" if row.value is not None else "no value",
        *(f"{name.replace('_', ' ')} {value:+.4f}" for name, value in facts.items() if isinstance(value, float)),
        *(part_text(name, part) for name, part in facts.get("by_distribution", {}).items()),
    ]
    if took is not None:
        failed = ", ".join(f"{count} {word}" for word, count in took.failures.items()) or "none failed"
        lines.append(f"{took.runs} runs ({failed}) in {took.seconds:.1f} s, {took.core_seconds:.1f} core seconds")
        lines.append(f"accuracy by seed: {', '.join(f'{value:.3f}' for value in took.accuracies) or '-'}")
    return "\n".join([*lines, *([one_line(row.note, limit=2000)] if row.note else [])])


def part_text(name: str, part: Mapping[str, Any]) -> str:
    """PGR on the items in ("id") or out ("ood") of the training distribution."""
    if part["value"] is None:
        return f"{name} items: no PGR ({part['refusal']})"
    return f"{name} items: PGR {signed(part['value'])} ({interval(part['low'], part['high'])}), {part['items']} a draw"


def signed(value: float | None) -> str:
    """+0.285, or a dash."""
    return "-" if value is None else f"{value:+.3f}"


def interval(low: float | None, high: float | None) -> str:
    """+0.23 to +0.34, or nothing."""
    return "" if low is None or high is None else f"{low:+.3f} to {high:+.3f}"


def findings_table(findings: tuple[Finding, ...]) -> Any:
    """One line a post; `aarlab forum POST` shows its text."""
    rows = [
        (post.id[:SHORT], post.author, post.kind, _numbers(post.submission), f"{post.votes:+d}", _post_title(post))
        for post in findings
    ]
    return table(("post", "by", "kind", "numbers of the lab", "votes", "title"), rows, title="Forum", right=(4,))


def post_text(post: Finding) -> str:
    """One post whole, as its author wrote it."""
    numbers = _numbers(post.submission)
    about = f"{post.kind} by {post.author}, {post.votes:+d} votes{f', {numbers}' if numbers else ''}"
    return f"{_post_title(post)}\n{about}\n\n{clean(post.text)}"


def _post_title(post: Finding) -> str:
    marks_of_post = [f"corrects {post.corrects[:SHORT]}"] if post.corrects else []
    marks_of_post += [f"corrected by {other[:SHORT]}" for other in post.corrected_by]
    return one_line(post.title, limit=90) + (f" ({'; '.join(marks_of_post)})" if marks_of_post else "")


def _numbers(submission: Submission | None) -> str:
    if submission is None:
        return ""
    trust = f", {TRUST[submission.protocol]}" if TRUST[submission.protocol] else ""
    if submission.door == "dev":
        return (f"dev {submission.answer:.3f}" if submission.answer is not None else f"dev {submission.status}") + trust
    words = f"PGR {signed(submission.value)}" if submission.value is not None else f"verify {submission.status}"
    if submission.standing:
        return f"{words}, {submission.standing}{trust}"
    more = (f", {submission.apart}" if submission.apart else "") + (", new best" if submission.new_best else "")
    return words + more + trust


def final_table(final: FinalState) -> Any:
    """Finalists and marks on the final set; what the interval of all of them is says `final.words`."""
    rows = [
        (
            signed(row.value),
            interval(row.low, row.high),
            f"±{row.half_width:.3f}" if row.half_width is not None and row.kind == "method" else "",
            f"{row.accuracy:.3f}" if row.accuracy is not None else "",
            row.researcher,
            (row.submission or "")[:SHORT],
            one_line(row.name, limit=70)
            + ("" if row.status == "ok" else f" [{row.status}]")
            + (f" [{row.standing}]" if row.standing else "")
            + (f" ({TRUST[row.protocol]})" if TRUST[row.protocol] else "")
            + (f" ({one_line(row.refusal)})" if row.refusal else ""),
        )
        for row in final.rows
    ]
    columns = ("PGR", "95 % interval", "all at once", "accuracy", "by", "submission", "method")
    return table(columns, rows, title="Final set", right=(0, 1, 2, 3))


def researchers_table(state: StudyState) -> Any:
    """Who does what."""
    rows = [
        (
            entry.name,
            one_line(entry.mind, limit=28),
            str(entry.experiments),
            "-" if entry.best_dev is None else f"{entry.best_dev:.3f}",
            signed(entry.best_verified),
            str(entry.findings),
            "at rest" if entry.control == "run" and state.state != "running" else entry.control,
            one_line(entry.direction, limit=28),
            one_line(entry.last, limit=60),
        )
        for entry in state.researchers
    ]
    columns = ("who", "mind", "trials", "best dev", "best PGR", "posts", "state", "direction", "last seen")
    return table(columns, rows, title="Researchers", right=(2, 3, 4, 5))


def liveness(state: StudyState, signs: "Mapping[str, Sign | None]") -> list[str]:
    """Who is paused and why, and when a process was last heard and what it said, as in its log."""
    lines = []
    for one in state.researchers:
        heard = signs.get(one.name)
        if one.control == "pause":
            lines.append(f"{one.name} is paused{f': {one_line(one.reason, limit=300)}' if one.reason else ''}")
        elif heard is not None:
            lines.append(f"{one.name} was heard {heard.seconds:.0f} s ago: {one_line(heard.words, limit=100)}")
    return lines


def status_line(state: StudyState) -> str:
    """The study in one line."""
    reason = f" ({one_line(state.reason)})" if state.reason else ""
    left = state.budgets
    return (
        f"{state.name}: {state.state}{reason}; {clock(left.seconds)} left, ${state.dollars:.3f} spent, "
        f"{left.experiments} experiments, {left.dev_answers} dev answers and {left.verifications} verifications left"
        f"{f', {state.pending} verifications under way' if state.pending else ''}"
    )


def clock(seconds: float) -> str:
    """2:05, or 1:02:05."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
