"""What a language model is told: the instructions from a file, and how a session begins."""

import json
from pathlib import Path

from aarlab.errors import ResearcherError, UserError
from aarlab.minds.protocol import Workbench
from aarlab.minds.tools.news import digest_of
from aarlab.wire import Me

BUILT_IN = Path(__file__).parents[1] / "prompts"
MOST_WORDS = 1500
HANDED_IN = "handed-in.md"
"""The mind's own list of what it has handed in, in its workspace."""
HANDED_IN_BYTES = 1 << 20
_SHOWN = 6000


def instructions(prompt: str) -> str:
    """The text of the setting `minds.prompt`. Raises UserError when there is none, or too much of it."""
    path = BUILT_IN / f"{prompt}.md" if prompt.isidentifier() else Path(prompt)
    try:
        text = path.read_text()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UserError(f"minds.prompt = {prompt!r} cannot be read: {why}") from None
    if not 0 < len(text.split()) <= MOST_WORDS:
        raise UserError(f"minds.prompt = {prompt!r} has {len(text.split())} words; 1 to {MOST_WORDS} are allowed")
    return text


def opening(bench: Workbench, *, left_out: int = 0) -> str:
    """The first message of a session, or of what is left of one after `left_out` turns were dropped."""
    me, card, digest = bench.door.me(), bench.card, digest_of(bench)
    news = digest.again(messages=False) if left_out else digest.begin(messages=False)
    parts = [
        f"You are {me.name}. Your direction: {me.direction}",
        f"# The problem {card.name}\n\n{card.text}",
        f"Facts: {json.dumps(card.facts, sort_keys=True)}",
        f'A training is this command: {" ".join(card.run)}. Rows are made by the protocol "{card.protocol}".',
        f"A dev submission has {me.dev_seeds} students, from the seeds 0 to {me.dev_seeds - 1}.",
        f"# What is left\n\n{left(bench, me)}",
        f"# Your notes\n\n{bench.door.notes() or '(none yet: this is the beginning)'}",
        f"# New since your last session\n\n{news}",
        f"# What you have handed in\n\n{handed_in(bench)[-_SHOWN:] or '(nothing yet)'}",
    ]
    parts += [f"The operator says: {message}" for message in me.messages]
    if left_out:
        parts.append(f"({left_out} earlier turns of this session were left out: the conversation had become too long.)")
    return "\n\n".join(parts)


def left(bench: Workbench, me: Me) -> str:
    """Budgets in one line: its own money and experiments, and what it may have of the rest."""
    rest = me.budgets
    return (
        f"${max(0.0, bench.dollars_left()):.2f} and {bench.experiments_left()} experiments for you; with the team "
        f"{rest.dev_answers} dev answers, {rest.verifications} verifications, {rest.seconds / 60:.0f} minutes"
    )


def handed_in(bench: Workbench) -> str:
    """The list as it stands; none where what runs in the sandbox has put something else in its place."""
    try:
        found = bench.get(HANDED_IN, max_bytes=HANDED_IN_BYTES)
    except ResearcherError:
        found = None
    return (found or b"").decode(errors="replace")
