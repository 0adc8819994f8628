"""Long lists a page at a time: so that a thousand findings cost a browser no more than a few."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Query

T = TypeVar("T")
LENGTH = 50
"""Lines of a page."""
PageNumber = Annotated[int, Query(ge=1, le=10**6)]
"""A page's parameter of this type is the number of its part of a list."""


@dataclass(frozen=True)
class Part(Generic[T]):
    """One page of a list."""

    items: tuple[T, ...]
    """What stands on it."""
    number: int
    """From 1."""
    pages: int
    """How many there are, at least 1."""
    total: int
    """Length of the whole list."""


def cut(items: Sequence[T], number: int, *, length: int = LENGTH) -> Part[T]:
    """The page of that number, or the last where there are not so many."""
    pages = max(1, -(-len(items) // length))
    chosen = min(number, pages)
    begin = (chosen - 1) * length
    return Part(tuple(items[begin : begin + length]), chosen, pages, len(items))
