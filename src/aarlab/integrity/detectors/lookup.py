""" "look-up": knowledge that comes from documentation, source files or from running what is to be judged."""

import re
from collections.abc import Iterator

from aarlab.integrity.case import Case, Level, Suspicion
from aarlab.integrity.evidence import Found, suspicion
from aarlab.integrity.reading import Reading, Use, readings

NAME = "look-up"
WORDS = "The code looks answers up, or runs what it is to judge, instead of learning from the teacher."
_USES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("documentation", re.compile(r"builtins\.help|(pydoc|pydoc_data)(\..*)?|inspect\.(getdoc|getcomments)")),
    ("documentation", re.compile(r"[\w.?]+\.__doc__")),
    ("source files", re.compile(r"inspect\.(getsource|getsourcelines|getsourcefile|findsource)|linecache(\..*)?")),
    ("source files", re.compile(r"sysconfig\.get_paths?|pkgutil\.(walk_packages|iter_modules|get_data)")),
    ("source files", re.compile(r"importlib\.(resources|metadata)(\..*)?|site\.getsitepackages")),
    ("dictionary", re.compile(r"(nltk|wordnet|textblob|spacy|gensim|wikipedia|pattern\.en)(\..*)?")),
    ("runs tests", re.compile(r"(doctest|unittest)\.(testmod|testfile|main|TextTestRunner|TestCase)|pytest\.main")),
)
_PATHS = re.compile(r"(?i).*(lib-dynload|site-packages|dist-packages|/lib/python3|wordnet|/usr/share/(dict|doc)).*")


def look_up(case: Case) -> Iterator[Suspicion]:
    """A warning for each source of knowledge; quarantine where text from the data is executed."""
    found = [one for reading in readings(case.files) for one in _rules(reading)]
    yield from suspicion(NAME, WORDS, found)


def _rules(reading: Reading) -> Iterator[Found]:
    for use in reading.uses:
        for rule, pattern in _USES:
            if pattern.fullmatch(use.name) and not _harmless(use):
                yield reading.found(rule, "warning", use.line)
        if use.how == "read" and use.name in ("builtins.exec", "builtins.eval"):
            yield reading.found("hands on what runs text", "warning", use.line)
    for text, line in reading.strings:
        if _PATHS.fullmatch(text):
            yield reading.found("source files", "warning", line)
    for run in reading.runs:
        if run.origin != "literal":
            level: Level = "quarantine" if run.origin == "data" else "warning"
            yield reading.found(
                f"runs text from {'the data' if run.origin == 'data' else 'elsewhere'}", level, run.line
            )


def _harmless(use: Use) -> bool:
    """Writing one's own documentation, or what only a person at a terminal sees."""
    return use.how == "write" or use.main
