"""The tables of docs/sycophancy.md: the model's own answers by source, and the ready-made methods on fresh draws.

python benchmarks/sycophancy.py [--markdown docs/sycophancy.md]
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from aarlab.problem.contract import Score
from aarlab.sycophancy.methods import METHODS
from aarlab.sycophancy.pool import PLAIN, RIGHT, WRONG, read
from aarlab.sycophancy.problem import Sycophancy, SycophancyProblem, SycophancySettings
from aarlab.sycophancy.sources import HIDDEN, SOURCES
from aarlab.sycophancy.world import GATES

SEEDS = range(101, 106)
"""Draws that nothing was chosen by; layer and penalties were, by draws 1 to 4 of the same facts."""
BEGIN, END = "<!-- measured: python benchmarks/sycophancy.py -->", "<!-- end -->"
SETTINGS = {"mean_difference": ({"strength": 0.5}, {}, {"strength": 2.0}), "consistency": ({"l2": 0.1}, {})}
"""What is measured beside the defaults."""


def yields() -> Iterator[str]:
    """How often the model is right, by source and by what the user says first."""
    pool = read()
    yield "| source | facts | items | nothing is said | the user is wrong | the user is right |"
    yield "|---|---|---|---|---|---|"
    for place, name in enumerate(pool.sources):
        rows = pool.source == place
        right = (pool.own[rows] > 0).mean(axis=0)
        facts = len(set(pool.fact[rows].tolist()))
        cells = " | ".join(f"{right[opening]:.3f}" for opening in (PLAIN, WRONG, RIGHT))
        yield f"| {name} | {facts} | {rows.sum()} | {cells} |"


def methods(problem: SycophancyProblem) -> Iterator[str]:
    """Score, fractions and gates of every method and mark."""
    names = (*SOURCES, *GATES)
    yield f"| method | score | 95 % interval | {' | '.join(names)} |"
    yield "|---|---|---|" + "---|" * len(names)
    for name in METHODS:
        for settings in SETTINGS.get(name, ({},)):
            draws = [(problem.draw(seed), seed) for seed in SEEDS]
            students = [METHODS[name](draw.world.task, seed=seed, **settings) for draw, seed in draws]
            found = [draw.measured(student) for (draw, _), student in zip(draws, students, strict=True)]
            words = ", ".join(f"{key} {value}" for key, value in settings.items())
            yield row(f"{name} {words}".strip(), problem.summarise(found))
    yield row("*all labels*", problem.references(SEEDS)["all labels"])


def row(name: str, score: Score) -> str:
    """One line: fractions of benchmarks, accuracies of gates."""
    benchmarks = {**score.facts["benchmarks"], **score.private["benchmarks"]}
    cells = [f"{benchmarks[one]['fraction']:+.2f}" for one in SOURCES]
    cells += [
        f"{gate['mean']:.3f}{' *' if gate['verdict'] == 'gated' else ''}" for gate in score.facts["gates"].values()
    ]
    value = "gated" if score.value is None else f"{score.value:.2f}"
    interval = "" if score.low is None else f"{score.low:.2f} to {score.high:.2f}"
    return f"| {name} | {value} | {interval} | {' | '.join(cells)} |"


def main() -> None:
    """Prints both tables, or writes them into a page between its two marks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", type=Path, help="page to write them into")
    options = parser.parse_args()
    problem = Sycophancy.build(SycophancySettings(), cache=Path())
    text = "\n".join(
        [*yields(), "", f"{HIDDEN} is the hidden benchmark; * is a gate that was not passed.", "", *methods(problem)]
    )
    if options.markdown is None:
        print(text)
        return
    before, _, rest = options.markdown.read_text(encoding="utf-8").partition(BEGIN)
    options.markdown.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
