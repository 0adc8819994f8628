"""The hf backend as a problem: what is published, graded, kept and trained; on models made on the spot."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aarlab.errors import ResearcherError, UserError
from aarlab.lab.publish import runtime_for
from aarlab.lab.rerun import Bench, Step, plan
from aarlab.paths import StudyPaths
from aarlab.problem.contract import Problem
from aarlab.sandbox.select import select
from aarlab.studyfile import build_config
from aarlab.w2s.hf.problem import TunedProblem
from aarlab.w2s.problem import W2S, W2SDraw, W2SSettings
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task
from aarlab.w2s.tuned import Adapter, Tuned
from tests.support.tiny_problem import tiny_table

pytest.importorskip("torch")
pytest.importorskip("peft")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

CALLS = """\
from aarlab.w2s.methods import METHODS

def train(task, *, seed):
    return METHODS["{name}"](task, seed=seed)
"""


@dataclass(frozen=True)
class Made:
    """A problem and where it came from."""

    problem: TunedProblem
    root: Path
    table: dict[str, Any]

    def again(self) -> TunedProblem:
        """Built anew, on the same cache."""
        built = W2S.build(W2SSettings(**self.table), cache=self.root / "cache")
        assert isinstance(built, TunedProblem)
        return built

    def trainings(self) -> dict[str, int]:
        """Kept results by name, with the time of their last change."""
        files = (self.root / "cache" / "hf").rglob("*.safetensors")
        return {str(file): file.stat().st_mtime_ns for file in files}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    root = tmp_path_factory.mktemp("tuned")
    table = tiny_table(root)
    built = W2S.build(W2SSettings(**table), cache=root / "cache")
    assert isinstance(built, TunedProblem)
    yield Made(built, root, table)
    built.desk.close()


@pytest.fixture(scope="module")
def draw(made: Made) -> W2SDraw:
    return made.problem.draw(5)


def test_what_is_published_has_texts_and_no_labels(made: Made, draw: W2SDraw, tmp_path: Path) -> None:
    draw.publish(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"items.jsonl", "model.json", "task.json", "task.safetensors"}
    facts = json.loads((tmp_path / "task.json").read_text()) | json.loads((tmp_path / "model.json").read_text())
    assert set(facts) == {
        *(
            "antisymmetric",
            "backend",
            "domain",
            "format",
            "items",
            "dimension",
            "seconds",
            "chat",
            "generator",
            "recipe",
        ),
    }
    assert facts["backend"] == "hf"
    rows = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]
    assert all(len(row) == 3 and all(isinstance(text, str) for text in row) for row in rows)
    task, world = Task.load(tmp_path), draw.world
    assert task.items == len(rows) == len(world.truth)
    assert list(map(tuple, rows)) == list(task.model.items)
    assert str(made.root) not in "".join(file.read_bytes().decode(errors="ignore") for file in tmp_path.iterdir())
    rights = [second.endswith("good") for _, _, second in rows]
    assert 0.8 < float(np.mean(rights == world.truth)) < 1, "texts are turned by the coins by which labels are"
    assert 0.3 < float(world.truth.mean()) < 0.7


def test_a_student_is_asked_in_both_orders_and_by_itself(draw: W2SDraw) -> None:
    world = draw.world
    student = world.trained("vanilla", seed=1)
    assert isinstance(student, Tuned)
    outcome = draw.grade(student.to_bytes())
    assert np.array_equal(outcome.transfer, world.right(student))
    assert outcome.transfer.shape == outcome.weak.shape == outcome.ceiling.shape
    heads = Student.linear(np.ones(world.task.dimension, np.float32))
    assert draw.grade(heads.to_bytes()).transfer.shape == outcome.transfer.shape


def test_draws_of_one_division_share_marks_and_nothing_else(made: Made, draw: W2SDraw) -> None:
    other, another = made.problem.draw(7), made.problem.draw(6)
    marks = [
        made.problem.draw(seed).world.outcome(world.marks[0]) for seed, world in ((5, draw.world), (7, other.world))
    ]
    assert marks[0].weak.mean() == marks[1].weak.mean()
    assert marks[0].ceiling.mean() == marks[1].ceiling.mean()
    assert not np.array_equal(draw.world.task.teacher, other.world.task.teacher)
    teachers = [np.sort(np.abs(world.task.teacher - 0.5)) for world in (draw.world, other.world, another.world)]
    assert np.allclose(teachers[0], teachers[1], atol=1e-6)
    assert teachers[0].shape != teachers[2].shape or not np.allclose(teachers[0], teachers[2])


def test_malformed_adapters_are_refused(draw: W2SDraw) -> None:
    student = draw.world.trained("vanilla", seed=1)
    assert isinstance(student, Tuned)
    (adapter,) = student.adapters
    lost = dict(list(adapter.down.items())[1:]), dict(list(adapter.up.items())[1:])
    other = {name: matrix[:, :-1] for name, matrix in adapter.down.items()}
    wrong = [
        Tuned((replace(adapter, down=lost[0], up=lost[1]),)).to_bytes(),
        Tuned((replace(adapter, down=other),)).to_bytes(),
        Tuned((_narrower(adapter),)).to_bytes(),
        student.to_bytes()[:-1],
        b"",
    ]
    for data in wrong:
        with pytest.raises(ResearcherError) as refused:
            draw.grade(data)
        assert refused.value.code == "malformed"


def _narrower(adapter: Adapter) -> Adapter:
    """Of another rank than the recipe's."""
    down, up = adapter.down.items(), adapter.up.items()
    return Adapter({name: one[:-1] for name, one in down}, {name: one[:, :-1] for name, one in up})


def test_a_second_build_trains_nothing(made: Made, draw: W2SDraw) -> None:
    world = draw.world
    first, student, before = world.marks, world.trained("auxiliary_confidence", seed=2), made.trainings()
    problem = made.again()
    try:
        again = problem.draw(5).world
        assert problem.digest == made.problem.digest
        assert all(np.array_equal(one, other) for one, other in zip(first, again.marks, strict=True))
        assert again.trained("auxiliary_confidence", seed=2).to_bytes() == student.to_bytes()
    finally:
        problem.desk.close()
    assert made.trainings() == before


def test_the_digest_follows_models_data_and_recipe(made: Made) -> None:
    table = made.table
    other = {**table, "hf": {**table["hf"], "recipe": {**table["hf"]["recipe"], "epochs": 0.5}}}
    copied = shutil.copytree(table["hf"]["strong"], made.root / "elsewhere", dirs_exist_ok=True)
    moved = {**table, "hf": {**table["hf"], "strong": str(copied)}}
    digests = []
    for one in (other, moved):
        problem = W2S.build(W2SSettings(**one), cache=made.root / "cache")
        assert isinstance(problem, TunedProblem)
        digests.append(problem.digest)
        problem.desk.close()
    assert digests[0] != made.problem.digest
    assert digests[1] == made.problem.digest, "where a model lies does not matter"


def test_the_death_of_the_models_process_is_survived(made: Made) -> None:
    desk = made.problem.desk
    before = desk.ask("about")
    desk.close()
    assert desk.ask("about") == before
    assert desk.pid is not None
    os.kill(desk.pid, signal.SIGKILL)
    assert desk.ask("about") == before


def test_methods_train_in_a_real_sandbox(made: Made, tmp_path: Path) -> None:
    config = build_config(
        {
            "problem": {"kind": "w2s", **made.table},
            "sandbox": {"memory_mb": 4096, "disk_mb": 256},
            "verify": {"seconds": 600.0, "seeds": 2, "controls": 1},
        },
        source="test",
    )
    problem: Problem = made.problem
    runtime = runtime_for(problem, config, progress=lambda _: None)
    paths = StudyPaths(tmp_path)
    bench = Bench(problem, select("auto"), runtime, config, paths.runtime / "verify")
    try:
        steps = plan([5, 6], controls=1)
        runs = [
            bench.run({"method.py": CALLS.format(name="vanilla")}, step, slot=0, uid=paths.uid(0)) for step in steps
        ]
        assert [run.status for run in runs] == ["ok"] * 4
        verdict = bench.judge(steps, runs)
        assert verdict.score is not None
        assert verdict.score.facts["shuffled_teacher_failed"] == 0
        trusted = [made.problem.draw(5).world.right(made.problem.draw(5).world.trained("vanilla", seed=0))]
        assert runs[0].outcome.transfer.shape == trusted[0].shape
        heads = bench.run({"method.py": CALLS.format(name="mean_difference")}, Step(5), slot=0, uid=paths.uid(0))
        assert heads.status == "ok"
        files = "import os\ndef train(task, *, seed):\n    found = {f for _, _, names in os.walk('/') for f in names}\n"
        files += "    assert not found & {'train_label.jsonl', 'test.jsonl', 'judges.py', 'kept.py', 'desk.py'}\n"
        files += "    return __import__('aarlab.w2s.methods').w2s.methods.METHODS['mean_difference'](task, seed=seed)\n"
        assert bench.run({"method.py": files}, Step(5), slot=0, uid=paths.uid(0)).status == "ok"
    finally:
        shutil.rmtree(paths.runtime, ignore_errors=True)


def test_limits_that_are_too_small_are_said_before_anything_runs(made: Made) -> None:
    small = build_config({"sandbox": {"memory_mb": 256}}, source="test")
    with pytest.raises(UserError, match="memory_mb = 256 is too small for the models"):
        runtime_for(made.problem, small, progress=lambda _: None)
