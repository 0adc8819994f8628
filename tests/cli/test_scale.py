"""aarlab scale: a method on a larger pair of models beside the usual one, in the real sandbox."""

import json
import signal
from pathlib import Path

import pytest

from tests.support.cli import ROOT, aarlab, closed_study, inside, start

QUICK = ("--domain", "code", "--seeds", "2")


def test_a_method_is_compared_on_two_pairs_of_models(tmp_path: Path) -> None:
    done = aarlab("scale", "agreement", *QUICK, "--effect", "0.01", "--json", "--out", "result.json", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    told = json.loads(done.out)
    assert json.loads((tmp_path / "result.json").read_text()) == told
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    large, small, carried = told["large"], told["small"], told["carried"]
    assert "student on 24 of the 30 layers" in told["pairs"]["large"]
    assert "student on 20 of the 30 layers" in told["pairs"]["small"]
    assert carried["paired"]
    assert (large["items"], large["groups"], large["weak"]) == (small["items"], small["groups"], small["weak"])
    gain = large["method"]["accuracy"] - large["vanilla"]["accuracy"]
    assert large["accuracy"]["value"] == pytest.approx(gain)
    assert large["accuracy"]["low"] < gain < large["accuracy"]["high"]
    assert large["accuracy"]["detectable"] > 0
    change = large["accuracy"]["value"] - small["accuracy"]["value"]
    assert carried["accuracy"]["value"] == pytest.approx(change)
    assert told["wanted"]["effect"] == 0.01
    assert "to see an effect of 1.0 points (hoped for) with probability .8: " in told["wanted"]["words"]


@pytest.mark.slow
def test_a_folder_is_compared_and_told_in_words(tmp_path: Path) -> None:
    done = aarlab("scale", ROOT / "examples" / "agreement", *QUICK, cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    for words in ("agreement beside vanilla: w2s/code, 2 draws", "large pair: ", "(same items and seeds)", "100 %"):
        assert words in done.out


@pytest.mark.slow
def test_vanilla_differs_from_vanilla_by_nothing(tmp_path: Path) -> None:
    told = json.loads(aarlab("scale", "vanilla", *QUICK, "--json", cwd=tmp_path).out)
    gain = told["large"]["accuracy"]
    assert (gain["value"], gain["low"], gain["high"]) == (0, 0, 0)
    assert "no significant difference to vanilla" in told["large"]["verdict"]
    assert told["wanted"] is None


@pytest.mark.slow
def test_a_method_that_fails_in_the_sandbox_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "method.py").write_text("def train(task, *, seed):\n    raise ValueError(seed)\n")
    done = aarlab("scale", "broken", *QUICK, cwd=tmp_path)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "broken does not train on every draw: error" in done.err


@pytest.mark.slow
def test_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    with start("scale", "vanilla", "--domain", "code", "--seeds", "40", cwd=tmp_path) as process:
        assert process.stdout is not None
        assert "trainings" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err.count("\n")) == (130, 1)
    assert "stopped before the end; nothing was kept" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("agreemnt", "did you mean 'agreement'?"),
        ("vanilla --domain chta", "the embedded domains are chat, math, code"),
        ("vanilla --weak 8", "--weak and --strong belong together"),
        ("vanilla --set verify.seeds=3", "only what both pairs share can be set here"),
        ("vanilla --set problem.backnd=hf", 'did you mean "backend"?'),
        ("vanilla --weak 8 --strong 8", "must lie above layer 8"),
        ("vanilla --weak 8 --strong 31", "strong_layer"),
        ("vanilla --weak 8 --strong some/model", "one is a layer and the other is not"),
        ("vanilla --effect 2", "must lie between 0 and 1"),
        ("vanilla --data /nowhere", "data of your own have no larger pair"),
        ("vanilla --data /nowhere --weak 8 --strong 20", "/nowhere"),
        ("vanilla --study /nowhere", "there is no study here"),
        ("v-123 --study /nowhere", "there is no study here"),
        ("vanilla --seeds 1", "'--seeds'"),
    ],
)
def test_what_cannot_be_compared_is_one_line(words: str, said: str) -> None:
    done = inside("scale", *words.split())
    assert (done.status, done.err.count("\n")) == (2, 1), done
    assert said in done.err


@pytest.mark.slow
def test_a_row_of_another_problem_is_refused(tmp_path: Path) -> None:
    study = closed_study(tmp_path / "toy")
    done = inside("scale", "v-", "--study", study.root)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "compares pairs of models" in done.err
