"""Cases as the lab would put them before its detectors, made in process from a real problem and its real draws."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from aarlab.integrity.case import Case, Handed
from aarlab.problem.contract import CONTROLS, Variant
from aarlab.w2s.methods import METHODS
from aarlab.w2s.pgr import Outcome
from aarlab.w2s.problem import W2SProblem
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task
from aarlab.w2s.world import World

KEY = b"k" * 32
Train = Callable[[World, Task, int], Student]
"""(world, task, seed) -> student. Only a cheat looks into the world."""


def shipped(name: str, **settings: Any) -> Train:
    """A method of the package; it sees the task only."""
    return lambda _world, task, seed: METHODS[name](task, seed=seed, **settings)


def words(name: str, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What an honest researcher says of a method of the package, and its code."""
    call = f"METHODS[{name!r}](task, seed=seed, **{dict(settings or {})!r})"
    code = f"from aarlab.w2s.methods import METHODS\n\n\ndef train(task, *, seed):\n    return {call}\n"
    content = hashlib.sha256(code.encode()).hexdigest()
    return {
        "family": METHODS[name].family,
        "title": name.replace("_", " "),
        "text": METHODS[name].summary,
        "files": {"method.py": code},
        "content": content,
        "snapshot": content[:40],
    }


def dev_case(
    problem: W2SProblem,
    train: Train,
    *,
    said: Mapping[str, Any],
    history: Iterable[Handed] = (),
    researcher: str = "r1",
    seeds: Sequence[int] = (0, 1, 2),
    key: bytes = KEY,
) -> Case:
    """A dev submission of one student a seed."""
    world = problem.research(key)
    files = [train(world, world.task, seed).to_bytes() for seed in seeds]
    sights = tuple(problem.examine(files, key=key))
    students = tuple(sorted(hashlib.sha256(data).hexdigest() for data in files))
    return Case(
        **said,
        id="d-" + hashlib.sha256("".join(students).encode()).hexdigest()[:16],
        door="dev",
        researcher=researcher,
        students=students,
        sights=sights,
        accuracy=float(np.mean([sight.right.mean() for sight in sights])),
        sets=problem.card().facts["sets"],
        history=tuple(history),
    )


def verify_case(
    problem: W2SProblem,
    train: Train,
    *,
    said: Mapping[str, Any],
    history: Iterable[Handed] = (),
    researcher: str = "r1",
    draws: Sequence[int] = (101, 102, 103),
    controls: int = 2,
) -> Case:
    """A verification: one run a draw, and the first `controls` of them again under the controls."""
    outcomes = [_run(problem, train, draw, "real") for draw in draws]
    again = {name: [_run(problem, train, draw, name) for draw in draws[:controls]] for name in CONTROLS if controls}
    return Case(
        **said,
        id="v-" + str(said["content"])[:16],
        door="verify",
        researcher=researcher,
        sights=tuple(problem.sights(outcomes)),
        score=problem.summarise(outcomes, controls=again),
        sets=problem.card().facts["sets"],
        history=tuple(history),
    )


def _run(problem: W2SProblem, train: Train, seed: int, variant: Variant) -> Outcome:
    draw = problem.draw(seed, variant=variant)
    return draw.grade(train(draw.world, draw.world.task_of(variant), seed).to_bytes())
