"""A user's own folder, from files to a board's numbers."""

import json
from pathlib import Path

import numpy as np
import pytest

from aarlab.errors import OperatorError, UserError
from aarlab.w2s.backends.smollm import MissingModelError, weights_path
from aarlab.w2s.problem import W2S, W2SProblem, W2SSettings


def installed() -> bool:
    try:
        return weights_path().exists()
    except MissingModelError:
        return False


def write_folder(folder: Path, *, rows: int = 100) -> Path:
    """Sums, each with a right and a wrong answer."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for place, name in enumerate(("train_label", "train_unlabel", "test")):
        lines = []
        for i in range(rows):
            a, b = 1000 * place + i, int(rng.integers(2, 9))
            label = int(rng.integers(0, 2))
            answers = [f"{a + b}", f"{a + b + 7}"]
            first, second = answers if label == 0 else answers[::-1]
            row = {"prompt": f"What is {a} + {b}?", "first": first, "second": second, "label": label}
            lines.append(json.dumps(row))
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.mark.skipif(installed(), reason="the language model is installed")
def test_without_the_model_one_line_says_what_to_install(tmp_path: Path) -> None:
    settings = W2SSettings(data=str(write_folder(tmp_path / "sums")))
    with pytest.raises(OperatorError, match="not installed") as caught:
        W2S.build(settings, cache=tmp_path / "cache")
    assert "\n" not in str(caught.value)


@pytest.mark.model
@pytest.mark.skipif(not installed(), reason="the language model is not installed")
def test_a_folder_becomes_a_problem_with_scores(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    settings = W2SSettings(data=str(write_folder(tmp_path / "sums", rows=120)), limit=100, weak_layer=2)
    problem = W2S.build(settings, cache=tmp_path / "cache", progress=lambda done, total, _: steps.append((done, total)))
    assert isinstance(problem, W2SProblem)
    facts = problem.card().facts
    assert problem.card().name == "w2s/sums"
    assert (facts["items"], facts["weak_layer"]) == (300, 2)
    assert steps[-1][0] == steps[-1][1]
    score = problem.references(range(3))["vanilla"]
    assert (score.value is None) == (score.refusal is not None)
    assert W2S.build(settings, cache=tmp_path / "cache").digest == problem.digest


def test_a_bad_file_is_refused_with_its_line(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "sums")
    with (folder / "test.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"prompt": "What is 1 + 1?", "first": "2", "second": "3"}\n')
    with pytest.raises(UserError, match=r"test\.jsonl:101"):
        W2S.build(W2SSettings(data=str(folder)), cache=tmp_path / "cache")
