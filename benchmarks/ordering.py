"""Do heads on frozen features (probe) order the ready-made methods as fine-tuned models (hf) do, on the same texts?

All methods that run on both, with their defaults, on fresh draws of one folder of texts; each backend divides the
folder in its own way. Prints every method's accuracy and its gain over vanilla on both, and how far the orders agree:
rank correlations of the mean accuracies, and of all pairs of methods that both backends tell apart (paired 95 %
intervals without zero) how many they put the same way around. The limit is a backend against itself: the same
correlation between its even and its odd draws. docs/ordering.md says what was run.

python -m benchmarks.ordering --data FOLDER --weak DIR --strong DIR [--probe NAME=VALUE]... [--hf NAME=VALUE]...
       [--method NAME | --without NAME]... [--seeds 6] [--probe-seeds 10] [--markdown FILE] [--json]
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from aarlab.cli.problem import ProgressLine
from aarlab.studyfile import config_from_sets, validate_table
from aarlab.w2s.gains import Paired, accuracy_gain
from aarlab.w2s.methods import METHODS, runnable
from aarlab.w2s.pgr import Outcome, summarise
from aarlab.w2s.problem import W2SSettings
from aarlab.w2s.table import Variant, runs_of

BACKENDS = ("hf", "probe")
VANILLA = "vanilla"
BOTH = tuple(name for name in runnable(model=True) if METHODS[name].needs != "model")
"""Methods that need no model of their own, so that they run on either backend."""
PRIOR = ("agreement", "coherence", "em_posterior", "mutual_predictability", "zero_shot")
"""Those that by default read the zero-shot prior, which is another quantity on each backend: log-probabilities of the
answers on probe, replies to claims about them on hf."""
BEGIN, END = "<!-- table: benchmarks/ordering.py -->", "<!-- end -->"
COLUMNS = tuple(f"{backend}: {what}" for backend in BACKENDS for what in ("accuracy", "over vanilla"))

Outcomes = Mapping[str, Sequence[Outcome]]
"""By method, of each draw."""


@dataclass(frozen=True)
class Gain:
    """Accuracy of one method minus that of another on the same items and draws."""

    value: float
    low: float
    """Of the 95 % interval."""
    high: float

    @property
    def sign(self) -> int:
        """1 or -1 where the interval excludes zero, else 0."""
        return int(self.low > 0) - int(self.high < 0)


@dataclass(frozen=True)
class Ends:
    """What all methods of a backend are measured between."""

    weak: float
    ceiling: float
    vanilla: float
    pgr: float | None
    """Of vanilla; None where it is refused."""
    low: float | None
    high: float | None
    draws: int
    items: int
    """That grade a draw."""
    itself: float
    """Spearman's correlation of the methods' mean accuracies in even and odd draws."""


@dataclass(frozen=True)
class Row:
    """One method; by backend."""

    method: str
    accuracy: Mapping[str, float]
    over: Mapping[str, Gain]
    """Vanilla."""


@dataclass(frozen=True)
class Agreement:
    """How far two orders agree."""

    methods: int
    spearman: float
    kendall: float
    p: float
    """Of Kendall's tau, were the orders unrelated."""
    same: int
    """Pairs of methods that both backends tell apart, and put the same way around."""
    opposite: int
    """The other way around."""
    told: Mapping[str, int]
    """Pairs that each backend tells apart."""
    pairs: int


def measure(settings: W2SSettings, methods: Sequence[str], *, seeds: int, quiet: bool) -> Outcomes:
    """All methods on the same draws."""
    variants = [Variant(name, name) for name in methods]
    with ProgressLine(quiet=quiet) as line:
        runs = runs_of({settings.backend: settings}, seeds=seeds, variants=variants, progress=line)[settings.backend]
    return {name: [run.outcomes[place] for run in runs] for place, name in enumerate(methods)}


def gain(method: Sequence[Outcome], base: Sequence[Outcome]) -> Gain:
    """Of the first over the second."""
    found = accuracy_gain(Paired(method, base))
    return Gain(found.value, found.low, found.high)


def accuracy(outcomes: Sequence[Outcome]) -> float:
    """The mean over draws."""
    return float(np.mean([outcome.transfer.mean() for outcome in outcomes]))


def ends(outcomes: Outcomes) -> Ends:
    """Of one backend."""
    vanilla = outcomes[VANILLA]
    score = summarise(vanilla)
    halves = [[accuracy(runs[first::2]) for runs in outcomes.values()] for first in (0, 1)]
    return Ends(
        weak=float(np.mean([one.weak.mean() for one in vanilla])),
        ceiling=float(np.mean([one.ceiling.mean() for one in vanilla])),
        vanilla=accuracy(vanilla),
        pgr=score.value,
        low=score.low,
        high=score.high,
        draws=len(vanilla),
        items=len(vanilla[0].transfer),
        itself=_correlation(*halves),
    )


def rows(found: Mapping[str, Outcomes]) -> list[Row]:
    """By falling accuracy on hf."""
    made = [
        Row(
            name,
            {backend: accuracy(found[backend][name]) for backend in BACKENDS},
            {backend: gain(found[backend][name], found[backend][VANILLA]) for backend in BACKENDS},
        )
        for name in found["hf"]
    ]
    return sorted(made, key=lambda row: -row.accuracy["hf"])


def agreement(found: Mapping[str, Outcomes]) -> Agreement:
    """Of the two orders of all methods."""
    from scipy.stats import kendalltau

    names = list(found["hf"])
    means = [[accuracy(found[backend][name]) for name in names] for backend in BACKENDS]
    tau = kendalltau(*means)
    pairs = list(combinations(names, 2))
    signs = {b: np.array([gain(found[b][one], found[b][other]).sign for one, other in pairs]) for b in BACKENDS}
    both = signs["hf"] * signs["probe"]
    return Agreement(
        methods=len(names),
        spearman=_correlation(*means),
        kendall=float(tau.statistic),
        p=float(tau.pvalue),
        same=int((both > 0).sum()),
        opposite=int((both < 0).sum()),
        told={backend: int(np.count_nonzero(sign)) for backend, sign in signs.items()},
        pairs=len(pairs),
    )


def groups(found: Mapping[str, Outcomes]) -> dict[str, list[str]]:
    """Methods whose order is looked at apart, by what they have in common."""
    weak = {backend: ends(found[backend]).weak for backend in BACKENDS}
    free = [name for name in found["hf"] if name not in PRIOR]
    above = [name for name in free if all(accuracy(found[b][name]) > weak[b] for b in BACKENDS)]
    return {
        "All methods": list(found["hf"]),
        "Those that read no prior": free,
        "Of these, those above the weak teacher on both": above,
    }


def orders(found: Mapping[str, Outcomes]) -> dict[str, Agreement]:
    """How far they agree, by group."""
    return {
        words: agreement({backend: {name: found[backend][name] for name in names} for backend in BACKENDS})
        for words, names in groups(found).items()
    }


def _correlation(one: Sequence[float], other: Sequence[float]) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(one, other).statistic)


def markdown(found: Mapping[str, Outcomes]) -> str:
    """The table, and what it says."""
    lines = [f"| method | {' | '.join(COLUMNS)} |", f"|{'---|' * (1 + len(COLUMNS))}"]
    lines += [_line(row) for row in rows(found)]
    sides = {backend: ends(found[backend]) for backend in BACKENDS}
    itself = ", ".join(f"{backend} {sides[backend].itself:+.2f}" for backend in BACKENDS)
    return "\n".join(
        [
            *lines,
            "",
            *(_side(backend, sides[backend]) for backend in BACKENDS),
            *(f"- **{words}**: {_words(one)}." for words, one in orders(found).items()),
            f"- **A backend against itself** (even against odd draws, all methods), Spearman: {itself}.",
        ]
    )


def _line(row: Row) -> str:
    cells = [row.method]
    for backend in BACKENDS:
        over = row.over[backend]
        mark = " *" if over.sign else ""
        cells += [f"{row.accuracy[backend]:.3f}", f"{over.value:+.3f} ({over.low:+.3f} to {over.high:+.3f}){mark}"]
    return f"| {' | '.join(cells)} |"


def _words(one: Agreement) -> str:
    told = " and ".join(f"{backend} tells {one.told[backend]}" for backend in BACKENDS)
    both = one.same + one.opposite
    return (
        f"{one.methods} in order, Spearman {one.spearman:+.2f}, Kendall {one.kendall:+.2f} (p = {one.p:.2g}); of "
        f"{one.pairs} pairs {told} apart, {both} both, of these {one.same} the same way around"
    )


def _side(backend: str, side: Ends) -> str:
    pgr = "refused" if side.pgr is None else f"{side.pgr:+.2f} ({side.low:+.2f} to {side.high:+.2f})"
    return (
        f"- **{backend}**: weak teacher {side.weak:.3f}, vanilla {side.vanilla:.3f}, ceiling {side.ceiling:.3f};"
        f" PGR of vanilla {pgr}; {side.draws} draws of {side.items} items."
    )


def settings_of(backend: str, options: argparse.Namespace) -> W2SSettings:
    """Of one backend on the folder."""
    own = {"probe": options.probe, "hf": [f"hf.weak={options.weak}", f"hf.strong={options.strong}", *options.hf]}
    sets = [f"backend={backend}", f"data={options.data}", *own[backend]]
    table = config_from_sets([f"problem.{one}" for one in sets]).problem
    return validate_table(W2SSettings, table.own(), source="arguments", table="problem")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--weak", required=True)
    parser.add_argument("--strong", required=True)
    for backend in BACKENDS:
        parser.add_argument(f"--{backend}", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--method", action="append", choices=BOTH)
    parser.add_argument("--without", action="append", choices=BOTH, default=[])
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--probe-seeds", type=int, default=10)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    asked = [name for name in options.method or BOTH if name not in options.without]
    methods = list(dict.fromkeys([VANILLA, *asked]))
    seeds = {"hf": options.seeds, "probe": options.probe_seeds}
    found = {
        backend: measure(settings_of(backend, options), methods, seeds=seeds[backend], quiet=options.json)
        for backend in BACKENDS
    }
    report(found, options)


def report(found: Mapping[str, Outcomes], options: argparse.Namespace) -> None:
    """Prints it, and writes it into the page where one is named."""
    text = markdown(found)
    if options.markdown:
        before, _, rest = options.markdown.read_text(encoding="utf-8").partition(BEGIN)
        page = f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}"
        options.markdown.write_text(page, encoding="utf-8")
    if options.json:
        facts = {"ends": {b: asdict(ends(found[b])) for b in BACKENDS}, "rows": [asdict(row) for row in rows(found)]}
        print(json.dumps(facts | {"orders": {words: asdict(one) for words, one in orders(found).items()}}))
    else:
        print(text)


if __name__ == "__main__":
    main()
