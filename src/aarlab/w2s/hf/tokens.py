"""From prompts to token ids. The prompt's beginning gives way where an item is too long; answers and label never."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aarlab.errors import ResearcherError, UserError
from aarlab.w2s.hf.prompts import LABEL, Prompt

MARK = "aarlab5e0c7d"
"""Stands for the prompt when the chat template is taken apart."""


@dataclass(frozen=True)
class Row:
    """One sequence that the model reads."""

    ids: tuple[int, ...]
    words: tuple[int, int] = (0, 0)
    """Tokens for class 0 and class 1, compared as the next token after `ids`."""
    answer: int = 1
    """How many of the last tokens are the answer: hidden states are averaged over them."""


class Reader:
    """A tokenizer with the form in which its model is asked.

    What stands in an item cannot become a special token: it is split like any other text.
    """

    def __init__(self, tokenizer: Any, *, chat: bool, max_tokens: int) -> None:
        """Raises UserError when the labels cannot be told apart by their first tokens."""
        self.tokenizer = tokenizer
        self.chat = chat
        self._max_tokens = max_tokens
        for claim in LABEL.values():
            self._words(claim.words, UserError)

    @cached_property
    def frame(self) -> tuple[list[int], list[int]]:
        """Token ids before and after every prompt: the chat template, or what the tokenizer begins a text with."""
        if not self.chat:
            own = self.plain([MARK])[0][0]
            whole = list(self.tokenizer(MARK)["input_ids"])
            return whole[: whole.index(own[0])], []
        turn = [{"role": "user", "content": MARK}]
        text = self.tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        before, found, after = text.partition(MARK)
        if not found:
            raise UserError("the tokenizer's chat template drops the user's text: set chat_template = \"no\"")
        read = [list(self.tokenizer(part, add_special_tokens=False)["input_ids"]) for part in (before, after)]
        return read[0], read[1]

    def plain(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """Ids and character spans of the tokens of each text, nothing added."""
        options = {"add_special_tokens": False, "return_offsets_mapping": True, "split_special_tokens": True}
        found = self.tokenizer(list(texts), **options)
        return list(zip(found["input_ids"], found["offset_mapping"], strict=True))

    def words(self, words: tuple[str, str]) -> tuple[int, int]:
        """First tokens of two words as they stand after a prompt. Raises ResearcherError when they are the same."""
        return self._words(words, ResearcherError)

    def rows(self, prompts: Sequence[Prompt], words: tuple[str, str], *, room: int = 0) -> list[Row]:
        """Prompts that end where one of two words comes next. `room` tokens are left free for what is written.

        Raises UserError when the answers alone do not fit.
        """
        tokens = self.words(words)
        return [Row(tuple(ids), tokens) for ids in self._framed(prompts, [room] * len(prompts))]

    def answered(self, pairs: Sequence[tuple[Prompt, str]]) -> list[Row]:
        """Prompts with an answer behind each. Raises UserError when an answer alone does not fit."""
        texts = [self._gap(answer) for _, answer in pairs]
        ends = [ids for ids, _ in self.plain(texts)]
        fronts = self._framed([prompt for prompt, _ in pairs], [len(end) for end in ends])
        return [Row((*front, *end), answer=max(1, len(end))) for front, end in zip(fronts, ends, strict=True)]

    def _gap(self, word: str) -> str:
        """A text goes on with a space; a turn of a chat begins without one."""
        return word if self.chat else " " + word

    def _words(self, words: tuple[str, str], error: type[UserError] | type[ResearcherError]) -> tuple[int, int]:
        first, second = (self._first(word) for word in words)
        if first is None or second is None or first == second:
            raise error(f"the tokenizer does not tell {words[0]!r} from {words[1]!r} by one token after a prompt")
        return first, second

    def _first(self, word: str) -> int | None:
        """The token with which `word` begins behind what every prompt ends with; None when it melts into that."""
        cue = "" if self.chat else LABEL[2].ask
        [(before, _), (whole, _)] = self.plain([cue or "x", (cue or "x") + self._gap(word)])
        if self.chat:
            return int(self.plain([word])[0][0][0]) if word else None
        return int(whole[len(before)]) if len(whole) > len(before) and whole[: len(before)] == before else None

    def _framed(self, prompts: Sequence[Prompt], taken: Sequence[int]) -> Iterator[list[int]]:
        before, after = self.frame
        read = self.plain([prompt.lead + prompt.given + prompt.rest for prompt in prompts])
        for prompt, (ids, spans), extra in zip(prompts, read, taken, strict=True):
            excess = len(before) + len(ids) + len(after) + extra - self._max_tokens
            yield [*before, *self._cut(prompt, ids, spans, excess), *after]

    def _cut(self, prompt: Prompt, ids: list[int], spans: list[tuple[int, int]], excess: int) -> list[int]:
        if excess <= 0:
            return ids
        start, stop = len(prompt.lead), len(prompt.lead) + len(prompt.given)
        movable = [at for at, (low, high) in enumerate(spans) if low >= start and high <= stop]
        if excess > len(movable):
            short = excess - len(movable)
            raise UserError(
                f"an item's answers alone are {short} tokens too long for max_tokens = {self._max_tokens}: raise "
                "max_tokens in [problem.hf.recipe], or leave such items out"
            )
        gone = set(movable[:excess])
        return [token for at, token in enumerate(ids) if at not in gone]
