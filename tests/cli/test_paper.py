"""aarlab check on studies that fine-tune models: a plan without GPU, models, data and key."""

import json
from pathlib import Path

import pytest

from aarlab.settings import StudyConfig
from aarlab.w2s.hf.cost import PUBLISHED, STUDY, TrainingAssumptions, outlook, parameters, seconds
from aarlab.w2s.problem import W2SSettings
from tests.support.cli import Ended, inside
from tests.w2s.datasets import made

PAPER = Path(__file__).parents[2] / "examples" / "paper"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)


def _checked(domain: str, *more: str) -> Ended:
    return inside("check", PAPER / f"{domain}.toml", *more)


@pytest.mark.parametrize("domain", ["chat", "math", "code"])
def test_the_study_files_are_valid_and_estimated(domain: str) -> None:
    done = _checked(domain, "--json")
    assert done.status == 0, done.err
    assert done.err.count("\n") == 1
    assert "needs a key: set the environment variable ANTHROPIC_API_KEY" in done.err
    data = json.loads(done.out)
    assert data["facts"]["train_unlabel_items"] == STUDY[domain].train_unlabel
    assert 500 < data["trainings"]["gpu_hours"] < 2000
    assert data["settings"]["budget"]["dollars"] == 18_000
    assert 0 < data["estimate"]["total"] < 18_000
    assert data["estimate"]["ends_after"] is None
    assert data["settings"]["watchdog"]["silent_seconds"] > data["settings"]["sandbox"]["seconds"]
    assert "warning: " not in _checked(domain).out.replace("warning: verification will hardly tell", "")
    assert len(data["fleet"]) == 9
    assert any(f"data/{domain}" in one for one in data["trainings"]["missing"])
    assert not any("revision" in one for one in data["trainings"]["missing"])


def _changed(tmp_path: Path, domain: str, **changes: str) -> Path:
    """The study file with some lines of [problem.hf] changed."""
    lines = (PAPER / f"{domain}.toml").read_text().splitlines()
    for number, line in enumerate(lines):
        name = line.partition(" = ")[0]
        lines[number] = f"{name} = '{changes[name]}'" if name in changes else line
    path = tmp_path / "study.toml"
    path.write_text("\n".join(lines))
    return path


def test_check_says_what_does_not_fit_and_what_is_missing(tmp_path: Path) -> None:
    path = _changed(tmp_path, "chat", weak_revision="main", strong_revision="")
    sets = ("verify.seconds=100", "sandbox.seconds=100", "budget.minutes=60", "watchdog.silent_seconds=100")
    done = inside("check", path, *(part for one in sets for part in ("--set", one)))
    assert done.status == 0, done.err
    for words in (
        "warning: verify.seconds = 100 is less than one training takes",
        "warning: sandbox.seconds = 100 is less than one experiment takes",
        "warning: watchdog.silent_seconds = 100 is less than one experiment takes",
        "hours with verify.parallel = 4, and the study has 1",
        "missing here: problem.hf.weak_revision: the commit of Qwen/Qwen1.5-0.5B-Chat on the Hub",
        "missing here: problem.hf.strong_revision",
        "published: 6,353 s",
    ):
        assert words in done.out


def test_assumptions_can_be_changed() -> None:
    usual, faster = (json.loads(_checked("math", "--json", *more).out) for more in ((), ("--assume", "rate=6.6e13")))
    assert faster["trainings"]["assumptions"]["rate"] == 6.6e13
    assert faster["trainings"]["gpu_hours"] < 0.6 * usual["trainings"]["gpu_hours"]
    both = json.loads(_checked("math", "--json", "--assume", "turns_per_hour=30", "--assume", "strong_billions=8").out)
    assert both["estimate"]["assumptions"]["turns_per_hour"] == 30
    assert both["trainings"]["gpu_hours"] > 1.7 * usual["trainings"]["gpu_hours"]
    bad = _checked("math", "--assume", "rates=1")
    assert (bad.status, bad.err.count("\n")) == (2, 1)


def test_a_model_without_a_size_in_its_name_is_asked_for(tmp_path: Path) -> None:
    path = _changed(tmp_path, "math", strong="models/mine")
    done = inside("check", path)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "--assume weak_billions=N or strong_billions=N" in done.err
    assert inside("check", path, "--assume", "strong_billions=1").status == 0


def test_a_folder_that_is_there_is_checked_and_measured(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    sources = ["--source", f"helpsteer2={made.lines(tmp_path / 'h.jsonl', made.helpsteer2(500))}"]
    sources += ["--source", f"reward-bench-2={made.lines(tmp_path / 'r.jsonl', made.reward_bench_2(60))}"]
    assert inside("data", "build", "chat", "--to", folder, "--only-named", *sources).status == 0
    done = _checked("chat", "--set", f"problem.data='{folder}'", "--json")
    data = json.loads(done.out)
    assert data["facts"]["sizes"] == "measured on the folder"
    assert data["facts"]["test_items"] == 180
    assert data["sets"]["verify"]["independent"] == 30
    assert 20 < data["facts"]["tokens_per_item"] < 60
    (folder / "test.jsonl").write_text("{}\n")
    broken = _checked("chat", "--set", f"problem.data='{folder}'")
    assert (broken.status, broken.err.count("\n")) == (2, 1)


def test_published_seconds_come_out_within_a_tenth() -> None:
    settings, assumed = W2SSettings(backend="hf"), TrainingAssumptions()
    for domain, found in PUBLISHED.items():
        sizes = STUDY[domain]
        for what, said in found.items():
            items, model = (
                (sizes.train_label, settings.hf.weak) if what == "weak" else (sizes.train_unlabel, settings.hf.strong)
            )
            ours = seconds(items, settings.hf, assumed, tokens=sizes.tokens, billions=parameters(model))
            assert ours == pytest.approx(said, rel=0.1), (domain, what)


def test_trainings_follow_from_the_settings() -> None:
    config = StudyConfig.model_validate({"verify": {"seeds": 4, "controls": 1}, "budget": {"verifications": 10}})
    found = outlook(config, W2SSettings(backend="hf"), STUDY["chat"], TrainingAssumptions())
    counts = {line.what: line.trainings for line in found.lines}
    assert counts["verifications"] == 10 * 6
    assert counts["lab: weak teachers of the draws"] == 2 * 16
    assert counts["lab: ceilings of the draws"] == 16
    assert counts["researchers' experiments"] == 400
    assert found.gpu_hours == pytest.approx(sum(line.trainings * line.seconds for line in found.lines) / 3600)


def test_sizes_of_models_are_read_from_their_names() -> None:
    assert parameters("Qwen/Qwen3-4B-Base") == 4.02
    assert parameters("models/SmolLM2-135M-Instruct") == pytest.approx(0.135)
    assert parameters("org/Llama-3.1-8B") == 8.0
    with pytest.raises(ValueError, match="does not say"):
        parameters("models/mine")
