"""The forum as conversations: a post, and what replies to it or corrects it, as deep as that goes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aarlab.lab.records import FindingRecord


@dataclass(frozen=True)
class Placed:
    """A post in its conversation."""

    post: FindingRecord
    """As folded from the ledger."""
    depth: int
    """0 for the first one, 1 for an answer to it, and so on."""


@dataclass(frozen=True)
class Thread:
    """A conversation."""

    posts: tuple[Placed, ...]
    """Each answer behind what it answers, in the order of posting."""
    latest: int
    """Place in the ledger of the last change to any of them."""

    @property
    def first(self) -> FindingRecord:
        """With what it began."""
        return self.posts[0].post


def answered(post: FindingRecord) -> str | None:
    """The post that this one replies to or corrects."""
    return post.corrects or post.replies_to


def threads(findings: Mapping[str, FindingRecord]) -> list[Thread]:
    """All conversations, the one that changed last first. A post answers one before it, so there are no circles."""
    answers: dict[str, list[FindingRecord]] = {}
    for post in findings.values():
        if (parent := answered(post)) is not None:
            answers.setdefault(parent, []).append(post)
    begun = [_thread(post, answers) for post in findings.values() if answered(post) is None]
    return sorted(begun, key=lambda thread: -thread.latest)


def thread_of(findings: Mapping[str, FindingRecord], post: str) -> Thread:
    """The conversation that a post is in. Raises KeyError when there is no such post."""
    first = findings[post]
    while (parent := answered(first)) is not None:
        first = findings[parent]
    return next(thread for thread in threads(findings) if thread.first.id == first.id)


def _thread(first: FindingRecord, answers: Mapping[str, Sequence[FindingRecord]]) -> Thread:
    posts = tuple(_below(first, answers))
    return Thread(posts, max(placed.post.changed for placed in posts))


def _below(first: FindingRecord, answers: Mapping[str, Sequence[FindingRecord]]) -> Iterator[Placed]:
    """Depth first, without recursion: a long quarrel is deeper than Python's stack."""
    left: list[Placed] = [Placed(first, 0)]
    while left:
        placed = left.pop()
        yield placed
        left += [Placed(one, placed.depth + 1) for one in reversed(answers.get(placed.post.id, ()))]
