"""Study files with arms: what they make, and one clear line for what they cannot."""

from pathlib import Path

import pytest

from aarlab.errors import UserError
from aarlab.experiment import Experiment, has_arms, load_experiment
from tests.support.cli import ROOT

FILE = """
[study]
name = "forum"
researchers = 3
[budget]
dev_answers = 6
[experiment]
repeats = 2
seed = 40
{experiment}
[arms.on]
[arms.off]
study.forum = "off"
{arms}
"""


def load(folder: Path, *, experiment: str = "", arms: str = "", sets: tuple[str, ...] = ()) -> Experiment:
    """The file with additions."""
    path = folder / "arms.toml"
    path.write_text(FILE.format(experiment=experiment, arms=arms))
    assert has_arms(path)
    return load_experiment(path, sets=sets)


def test_each_arm_has_each_repeat_and_pairs_share_a_seed(tmp_path: Path) -> None:
    runs = load(tmp_path).runs(seed=40)
    assert [(run.name, run.config.study.seed, run.config.study.forum) for run in runs] == [
        ("on-1", 40, "on"),
        ("off-1", 40, "off"),
        ("on-2", 41, "on"),
        ("off-2", 41, "off"),
    ]
    assert {run.config.budget.dev_answers for run in runs} == {6}
    assert runs[0].config.study.name == "forum.on-1"


def test_a_total_is_divided_among_all_studies(tmp_path: Path) -> None:
    arms = "[arms.nine]\nstudy.researchers = 9\nbudget.experiments = 7"
    found = load(tmp_path, experiment="hours = 6.0\ndollars = 3.0", arms=arms)
    three, nine = found.configs["on"], found.configs["nine"]
    assert found.count == 6
    assert (three.budget.minutes, nine.budget.minutes) == (pytest.approx(20.0), pytest.approx(60 / 9))
    assert {config.budget.dollars for config in found.configs.values()} == {0.5}
    assert (nine.budget.experiments, nine.budget.dev_answers, three.budget.experiments) == (7, 6, 400)


def test_sets_change_what_all_arms_share(tmp_path: Path) -> None:
    found = load(tmp_path, sets=("study.researchers=2", "study.forum=files"))
    assert [config.study.researchers for config in found.configs.values()] == [2, 2]
    assert [config.study.forum for config in found.configs.values()] == ["files", "off"]


def test_an_arm_may_have_researchers_of_its_own(tmp_path: Path) -> None:
    found = load(tmp_path, arms="[arms.mixed]\nstudy.researchers = 2\n[[arms.mixed.researcher]]\ncount = 2")
    assert len(found.configs["mixed"].places) == 2


@pytest.mark.parametrize(
    ("additions", "says"),
    [
        ({"experiment": "repeat = 3"}, "unknown field experiment.repeat"),
        ({"experiment": "hours = 0.0"}, "experiment.hours must be"),
        ({"arms": "[arms.Bad_Name]\nstudy.forum = 'files'"}, "the name of an arm"),
        ({"arms": "[arms.two]\nstudy.forum = 'off'"}, "arms.two has the same settings as arms.off"),
        ({"arms": "[arms.two]\nstudy.forum = 'maybe'"}, "arms.two: study.forum must be"),
        ({"arms": "[arms.two]\nstudy.seed = 3"}, "study.seed follows from experiment.seed"),
        ({"arms": "[arms.two]\nbudget.minutes = 3.0", "experiment": "hours = 1.0"}, "follows from experiment.hours"),
        (
            {"experiment": "repeats = 64".replace("repeats", "parallel") + "\ntransfer = [3]"},
            "experiment.transfer must",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, additions: dict[str, str], says: str) -> None:
    with pytest.raises(UserError) as error:
        load(tmp_path, **additions)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_an_experiment_without_arms_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    path.write_text("[experiment]\nrepeats = 2\n")
    with pytest.raises(UserError, match="is for a file with arms"):
        has_arms(path)


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "claims").glob("*.toml")), ids=lambda path: path.stem)
def test_the_files_of_the_claims_are_valid(path: Path) -> None:
    found = load_experiment(path)
    assert len(found.configs) == 2
    assert found.settings.seed is not None
