"""Where two lists of dev answers differ: honest students differ where they are unsure, crafted flips are anywhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from aarlab.integrity.case import Case, Handed, Suspicion
from aarlab.problem.sight import Bools, Floats, Sight

NAME = "query stream"
NEAR = 0.10
"""Two lists that differ in at most this share of items are compared."""
NEARLY_EQUAL = 0.01
FLIPS = 50
"""Differences below which nothing is said: 50 at random places have a mean rank of .50 +- .04."""
RANK = 0.42
"""Mean rank (0 the least sure item, 1 the surest) of pooled differences above which they are crafted. Measured on
dev sets of 756 (code) to 1,329 items (chat): honest streams (sweeps, teacher-free neighbours, walks of the search
mind) .20 to .32, flips of 3 % of the items at random places .48 to .52."""
OWN_RANK = 0.35
"""The submission's own differences must look so too: single honest near pairs reached .34 on chat, .38 on code."""
OWN_FLIPS = 20
"""Fewer own differences say nothing by themselves, and a researcher is judged by no other one's then."""
CROWDED = 0.75
"""Share of one researcher's submissions that nearly repeat an earlier one, above which a person should look; honest
threshold sweeps reach .56, bit flips .97."""
MANY = 12


@dataclass(frozen=True)
class _Pair:
    """A list of answers beside the nearest earlier one."""

    later: Handed
    earlier: Handed
    ranks: Floats
    """Of the items in which they differ."""
    near: bool
    """Whether they differ in less than NEARLY_EQUAL."""


def crafted_answers(case: Case) -> Iterable[Suspicion]:
    """Pools the near pairs of the researcher and of the whole team; needs margins, so the dev door only."""
    stream = [handed for handed in (*case.history, case) if handed.door == "dev" and handed.sights]
    if case.door != "dev" or not case.sights:
        return ()
    pairs = _pairs(stream)
    own = [pair for pair in pairs if pair.later is case]
    many = _flips(own) >= OWN_FLIPS
    if not own or (many and _rank(own) < OWN_RANK):
        return _crowded(case, stream, pairs)
    pools = {"researcher": [pair for pair in pairs if pair.later.researcher == case.researcher]}
    for whose, pool in (pools | ({"team": pairs} if many else {})).items():
        if _flips(pool) >= FLIPS and _rank(pool) >= RANK:
            return (_crafted(own, whose=whose, flips=_flips(pool), rank=_rank(pool)),)
    return _crowded(case, stream, pairs)


def _pairs(stream: Sequence[Handed]) -> list[_Pair]:
    """Each list of answers with the nearest different one before it, where that is near."""
    owners = [(handed, sight) for handed in stream for sight in handed.sights if sight.margin is not None]
    if len({len(sight.answers) for _, sight in owners}) != 1:
        return []
    signs = np.array([np.where(sight.answers, 1.0, -1.0) for _, sight in owners], dtype=np.float32)
    items = signs.shape[1]
    apart = np.rint((items - signs @ signs.T) / 2).astype(np.int64)
    pairs = []
    for place in range(1, len(owners)):
        before = np.where(apart[place, :place] > 0, apart[place, :place], items)
        nearest = int(before.argmin())
        if before[nearest] <= NEAR * items:
            pairs.append(_pair(owners[place], owners[nearest], near=bool(before[nearest] < NEARLY_EQUAL * items)))
    return pairs


def _pair(later: tuple[Handed, Sight], earlier: tuple[Handed, Sight], *, near: bool) -> _Pair:
    differs: Bools = later[1].answers != earlier[1].answers
    ranks = (_ranks(later[1]) + _ranks(earlier[1])) / 2
    return _Pair(later[0], earlier[0], ranks[differs], near)


def _ranks(sight: Sight) -> Floats:
    """[n] in (0, 1): which share of the items the model is less sure of."""
    margin = np.zeros(len(sight.answers)) if sight.margin is None else sight.margin
    order = np.sort(margin)
    below, up_to = np.searchsorted(order, margin, "left"), np.searchsorted(order, margin, "right")
    ranks: Floats = (below + up_to) / (2 * len(margin))
    return ranks


def _flips(pairs: Sequence[_Pair]) -> int:
    return sum(len(pair.ranks) for pair in pairs)


def _rank(pairs: Sequence[_Pair]) -> float:
    return float(np.concatenate([pair.ranks for pair in pairs]).mean())


def _crafted(own: Sequence[_Pair], *, whose: str, flips: int, rank: float) -> Suspicion:
    return Suspicion(
        detector=NAME,
        level="quarantine",
        words="Answers differ from earlier ones in a few items, without regard to how sure a model would be of them.",
        statistic={
            "pooled over": whose,
            "differences": flips,
            "mean rank": round(rank, 3),
            "bound": RANK,
            "own mean rank": round(_rank(own), 3),
        },
        others=tuple(sorted({pair.earlier.id for pair in own if pair.earlier is not pair.later})),
    )


def _crowded(case: Case, stream: Sequence[Handed], pairs: Sequence[_Pair]) -> tuple[Suspicion, ...]:
    mine = sum(handed.researcher == case.researcher for handed in stream)
    close = {id(p.later) for p in pairs if p.near and p.later is not p.earlier}
    count = sum(handed.researcher == case.researcher and id(handed) in close for handed in stream)
    if mine < MANY or id(case) not in close or count / mine <= CROWDED:
        return ()
    return (
        Suspicion(
            detector=NAME,
            level="warning",
            words="Most submissions of this researcher give nearly the answers of an earlier one.",
            statistic={"submissions": mine, "share": round(count / mine, 3), "bound": CROWDED},
        ),
    )
