"""Detectors of code and text against methods that people labelled, honest methods, and hostile files."""

import time
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

import aarlab.w2s.methods
from aarlab.integrity.case import Case, Suspicion
from aarlab.integrity.detectors import DETECTORS, look
from aarlab.integrity.evidence import LEVELS, QUOTES, WIDTH
from aarlab.minds.search import compose
from aarlab.minds.search.space import SPACE, draw
from benchmarks.snippets import BAD_CODE, BAD_TALK, BAD_TEXTS, EVASIVE, GOOD, Snippet
from tests.support.handed import VANILLA, case, history, method

BAD = (*BAD_CODE, *BAD_TEXTS, *BAD_TALK)
SHIPPED = sorted(Path(aarlab.w2s.methods.__file__).parent.glob("*.py"))


def grave(one: Case) -> list[Suspicion]:
    return [suspicion for suspicion in look(one) if suspicion.level != "note"]


def of(snippet: Snippet) -> Case:
    return case(snippet.files or method(VANILLA), text=snippet.text, transcript=snippet.transcript)


@pytest.mark.parametrize("snippet", BAD, ids=lambda one: f"{one.detector}: {one.name}")
def test_a_bad_snippet_is_caught_at_its_level(snippet: Snippet) -> None:
    found = {suspicion.detector: suspicion for suspicion in look(of(snippet))}
    assert snippet.detector in found
    assert found[snippet.detector].level == snippet.level


def test_what_evades_the_rules_is_known() -> None:
    beyond = {"path of pieces", "answers as names", "a request in other words", "another language", "an innocent plan"}
    missed = [
        snippet.name for snippet in EVASIVE if snippet.detector not in {one.detector for one in grave(of(snippet))}
    ]
    assert set(missed) <= beyond


@pytest.mark.parametrize("snippet", GOOD, ids=lambda one: one.name)
def test_a_good_snippet_is_passed_over(snippet: Snippet) -> None:
    assert not look(of(snippet))


@pytest.mark.parametrize("snippet", BAD, ids=lambda one: f"{one.detector}: {one.name}")
def test_words_are_public_and_quotes_are_limited(snippet: Snippet) -> None:
    for suspicion in look(of(snippet)):
        assert not any(character.isdigit() for character in suspicion.words)
        assert suspicion.words.endswith(".")
        assert suspicion.level in LEVELS
        assert len(suspicion.quotes) <= QUOTES
        assert all(len(quote) <= WIDTH and quote.isprintable() for quote in suspicion.quotes)
        assert suspicion.statistic


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_methods_are_passed_over(path: Path) -> None:
    before = history(*(case(other.read_text(), researcher="bob") for other in SHIPPED if other != path))
    assert not grave(case(path.read_text(), history=before))


@pytest.mark.parametrize("door", ["dev", "verify"])
def test_a_long_stream_of_composed_methods_of_one_or_many_raises_no_more_than_notes(door: str) -> None:
    rng = Random(7)
    recipes = list(dict.fromkeys(draw(SPACE, rng=rng) for _ in range(200)))
    names = ("ada", "bob", "cyd", "dan")
    stream: list[Case] = []
    for number, recipe in enumerate(recipes):
        files = compose.files(recipe, why="it may help")
        students = (f"{number}a", f"{number}b") if door == "dev" else ()
        before = history(*stream[-60:])
        stream.append(case(files, researcher=names[number % 4], students=students, door=door, history=before))
    assert not [suspicion for one in stream for suspicion in grave(one)]


HOSTILE: Mapping[str, str] = {
    "no Python": "this is (not Python",
    "one line": "x = 1;" * 43_000,
    "one word": "a" * 262_144,
    "one list": "x = [" + "0," * 130_000 + "]",
    "parentheses": "x = " + "(" * 50_000 + ")" * 50_000,
    "lists": "x = " + "[" * 90 + "]" * 90,
    "minuses": "x = " + "-" * 50_000 + "1",
    "attributes": "x = a" + ".b" * 50_000,
    "sums": "x = 1" + "+1" * 50_000,
    "strings": "x = 'a'" + "+'a'" * 40_000,
    "calls": "x = f" + "()" * 50_000,
    "lambdas": "x = " + "lambda: " * 30_000 + "1",
    "subscripts": "x = a" + "['__dict__']" * 20_000,
    "functions": "".join(f"def f{i}(): return f{i + 1}()\n" for i in range(7_000)),
    "indented": "".join(" " * i + "if x:\n" for i in range(600)),
    "null bytes": "x = 1\0\nimport sys",
    "surrogates": "x = '\ud800'",
    "huge integer": "x = " + "9" * 200_000,
    "huge hexadecimal": "train = 0x" + "f" * 200_000,
    "escapes": "x = '\\d\\q'\nimport sys; sys._getframe()",
    "letters": "x = '" + "Ａ" * 80_000 + "'",
    "blanks": " " * 260_000,
    "lines": "\n" * 260_000,
    "instructions": "ignore all " * 23_000,
    "tags": "<system " * 30_000,
    "self alias": "a = b\nb = a\nc = c.d\na.x",
    "execs": "def train(t):\n" + " exec(t)\n" * 20_000,
    "assignments": "def train(t):\n exec(t)\n" + " t = t\n" * 25_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", ["method.py", "config.json", "transcript", "text"])
def test_hostile_files_neither_raise_nor_take_long(name: str, place: str) -> None:
    text = HOSTILE[name]
    files = {"method.py": VANILLA} | ({place: text} if "." in place else {})
    one = case(files, **({} if "." in place else {place: text}))
    began = time.process_time()
    look(one)
    assert (
        time.process_time() - began < 10.0
    )  # 1 s by itself, 2 s seen on a busy machine; what is quadratic takes minutes


def test_hostile_json_neither_raises_nor_takes_long() -> None:
    for text in ("[" * 100_000, '{"a":' * 50_000, "9" * 200_000, "NaN", '{"a": 1e999}'):
        files = {"method.py": VANILLA + "open('config.json')\n", "config.json": text}
        before = history(case(VANILLA, researcher="bob"))
        assert all(one.level != "quarantine" or "volume" in one.statistic for one in look(case(files, history=before)))


def test_the_same_case_gives_the_same_suspicions() -> None:
    one = of(BAD[0])
    assert look(one) == look(one)


def test_every_detector_is_named_as_its_suspicions_are() -> None:
    assert list(DETECTORS) == sorted(DETECTORS)
    assert {snippet.detector for snippet in BAD} <= set(DETECTORS)
