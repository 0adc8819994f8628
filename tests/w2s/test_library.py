"""What the weak-to-strong problem puts into /library: it follows from the code, runs, and tells nothing of the data."""

import re
from pathlib import Path

import numpy as np
import pytest

from aarlab.problem.contract import Documented
from aarlab.w2s.library import pages
from aarlab.w2s.methods import METHODS
from aarlab.w2s.problem import BASELINES, W2S, W2SSettings
from aarlab.w2s.runner import run
from aarlab.w2s.student import Student
from aarlab.w2s.task import Task

ROOT = Path(__file__).resolve().parents[2]
PAGES = pages(BASELINES)
EXAMPLES = re.findall(r"```python\n(.+?)```", PAGES["helpers.md"], flags=re.DOTALL)


def data(folder: Path, *, pairs: bool) -> Path:
    """A task of random numbers."""
    rng = np.random.default_rng(3)
    hidden = rng.normal(size=(120, 8)).astype(np.float32)
    teacher = (1 / (1 + np.exp(-2 * hidden[:, 0]))).astype(np.float32)
    folder.mkdir()
    Task(hidden, teacher, hidden[:, 1].copy(), antisymmetric=pairs, domain="none", seconds=60.0).save(folder)
    return folder


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
@pytest.mark.parametrize("pairs", [True, False])
def test_the_examples_of_the_helpers_train(number: int, pairs: bool, tmp_path: Path) -> None:
    method = tmp_path / "method"
    method.mkdir()
    (method / "method.py").write_text(EXAMPLES[number])
    run(method, data=data(tmp_path / "data", pairs=pairs), out=tmp_path / "out", seeds=[0, 1])
    made = (tmp_path / "out" / "1" / "student.safetensors").read_bytes()
    assert Student.from_bytes(made, dimension=8, antisymmetric=pairs).weight.shape[1] == 8


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("name", METHODS)
def test_each_method_has_a_page_with_its_documentation_and_all_its_settings(name: str) -> None:
    page, method = PAGES[f"methods/{name}.md"], METHODS[name]
    assert method.documentation in page
    assert page.startswith(f"# {name} ({method.family})")
    assert ("hf backend only" in page) == (method.needs == "model")
    for setting in method.settings:
        assert f"| {setting} |" in page
    assert "/opt/aarlab/site/aarlab/w2s/methods/" in page


def test_the_code_of_the_baselines_is_that_of_the_package() -> None:
    for name in BASELINES:
        code = PAGES[f"baselines/{name}.py"]
        assert f"def {name}(" in code
        assert code == (ROOT / "src/aarlab/w2s/methods" / f"{name}.py").read_text()


def test_the_reference_has_what_a_method_may_call_as_it_is_written() -> None:
    page = PAGES["helpers.md"]
    assert "- `top(task: Task, target: Floats, *, share: float=0.5) -> Floats` The most confident" in page
    assert "- `teacher: Array` [n] soft labels of the weak teacher" in page
    assert "`_" not in page.split("## All that there is")[1]


def test_the_pages_are_the_same_for_every_pool_so_they_can_hold_nothing_of_one() -> None:
    chat = W2S.build(W2SSettings(domain="chat"), cache=Path("none"))
    maths = W2S.build(W2SSettings(domain="math"), cache=Path("none")).under("predictions")
    assert isinstance(chat, Documented)
    assert isinstance(maths, Documented)
    assert chat.library() == maths.library() == PAGES


def test_no_page_has_a_score_from_the_results_of_the_project() -> None:
    number = re.compile(r"\b0\.[1-9]\d\d\b")
    scores = set(number.findall((ROOT / "docs" / "results.md").read_text()))
    assert len(scores) > 100
    assert {
        name: found
        for name, page in PAGES.items()
        if (found := scores & set(number.findall(page.partition("## Settings")[0])))
    } == {}
