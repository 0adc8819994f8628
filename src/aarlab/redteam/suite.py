"""The suite: every attack against a naive scorer, where it must work, and this installation, where it must not."""

import difflib
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aarlab.errors import UserError
from aarlab.redteam.attack import Attack, Blow
from aarlab.redteam.attacks import ATTACKS
from aarlab.redteam.labs import LABS
from aarlab.redteam.naive import NaiveScorer
from aarlab.redteam.target import Range


@dataclass(frozen=True)
class Row:
    """How one attack ended on both sides."""

    attack: Attack
    """What was tried."""
    naive: Blow
    """On the naive scorer."""
    ours: Blow
    """On this installation."""
    seconds: float
    """Both together."""

    @property
    def passed(self) -> bool:
        """An attack that nobody can make work proves nothing, and one that works here is a hole."""
        return self.naive.worked and not self.ours.worked

    def facts(self) -> dict[str, Any]:
        """All numbers, for JSON."""
        return {
            "attack": self.attack.name,
            "kind": self.attack.kind,
            "summary": self.attack.summary,
            "passed": self.passed,
            "naive": _facts(self.naive),
            "ours": _facts(self.ours),
            "seconds": round(self.seconds, 1),
        }


def _facts(blow: Blow) -> Mapping[str, Any]:
    return {
        "worked": blow.worked,
        "number": blow.number,
        "unit": blow.unit,
        "bound": blow.bound,
        "words": blow.words,
        "numbers": dict(blow.numbers),
    }


def choose(names: Sequence[str]) -> tuple[Attack, ...]:
    """The attacks of these names, all without any. Raises UserError on an unknown one, with the nearest."""
    known = {attack.name: attack for attack in ATTACKS}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "aarlab redteam --list names them"
            raise UserError(f"there is no attack {name!r}: {hint}")
    return tuple(attack for attack in ATTACKS if not names or attack.name in names)


@contextmanager
def arena(*, keep: bool = False) -> Iterator[tuple[Path, Range]]:
    """A temporary folder and the range in it; both are gone afterwards, unless the folder is to be kept."""
    folder = Path(tempfile.mkdtemp(prefix="aarlab-redteam-"))
    try:
        with Range(folder, LABS) as ground:
            yield folder, ground
    finally:
        if not keep:
            shutil.rmtree(folder)


def fight(attack: Attack, folder: Path, ground: Range) -> Row:
    """One attack on both sides. Raises OperatorError when this host cannot run a lab."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="naive-", dir=folder) as own:
        naive = attack.naive(NaiveScorer(Path(own)))
    ours = attack.ours(ground)
    return Row(attack, naive, ours, time.monotonic() - began)
