"""Study files: what is read back is what was written, and each fault is one line that says what is allowed."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aarlab.errors import UserError
from aarlab.settings import ResearcherSettings, StudyConfig
from aarlab.studyfile import TABLES, build_config, config_from_sets, dump_study, load_study


def refusal(text: str, folder: Path) -> str:
    path = folder / "study.toml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_study(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_defaults_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(dump_study(StudyConfig()))
    assert load_study(path) == StudyConfig()


@given(
    researchers=st.integers(1, 128),
    seed=st.none() | st.integers(0, 2**63),
    directions=st.sampled_from(["diverse", "same"]) | st.lists(st.text(min_size=1), min_size=1),
    minutes=st.floats(0.001, 1e6),
    data=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(lambda name: f"/{name}"),
)
def test_any_settings_round_trip(
    researchers: int, seed: int | None, directions: str | list[str], minutes: float, data: str
) -> None:
    study = {"researchers": researchers, "directions": directions} | ({} if seed is None else {"seed": seed})
    raw = {"study": study, "budget": {"minutes": minutes}, "problem": {"data": data, "further": [1, 2]}}
    config = build_config(raw, source="test")
    assert build_config(_read(dump_study(config)), source="test") == config


def _read(text: str) -> dict[str, object]:
    return tomllib.loads(text)


def test_every_field_is_documented() -> None:
    text = dump_study(StudyConfig())
    for name, info in StudyConfig.model_fields.items():
        assert f"[{name}] # {info.description}" in text.replace("[[", "[").replace("]]", "]")
    for name in TABLES:
        for field in type(getattr(StudyConfig(), name)).model_fields.values():
            assert f"# {(field.description or '').splitlines()[0]}" in text
    for name, field in ResearcherSettings.model_fields.items():
        assert f"#   {name}: {(field.description or '').splitlines()[0]}" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[study]\nreserchers = 3", 'unknown field study.reserchers (did you mean "researchers"?)'),
        ("[studdy]\nresearchers = 3", 'unknown table [studdy] (did you mean "study"?)'),
        ("researchers = 3", "unknown table [researchers]; there are study, problem, minds"),
        ("study = 3", "study must be a table, as in [study]"),
        ('[study]\nresearchers = "3"', 'study.researchers must be a whole number from 1 to 128, not "3"'),
        ("[study]\nresearchers = 1000", "study.researchers must be a whole number from 1 to 128, not 1000"),
        ("[study]\nresearchers = true", "study.researchers must be a whole number from 1 to 128, not true"),
        ("[study]\nresearchers = 1.5", "study.researchers must be a whole number from 1 to 128, not 1.5"),
        ("[study]\nname = '../x'", 'study.name must be text like ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$, not "../x"'),
        ("[study]\ndirections = 'all'", 'study.directions must be "diverse" or "same" or a list of texts, not "all"'),
        ("[budget]\nminutes = inf", "budget.minutes must be a finite number, not inf"),
        ("[budget]\nminutes = nan", "budget.minutes must be a finite number, not nan"),
        ("[budget]\nminutes = 0", "budget.minutes must be a number above 0, not 0"),
        ("[minds]\nkind = 'oracle'", 'minds.kind must be "search" or "llm" or "agent", not "oracle"'),
        ("[study\nname = 1", "is not valid TOML: "),
        ("[study]\nseed = " + "[" * 5000, "is not"),
    ],
)
def test_faults_say_what_is_allowed(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(text, tmp_path).startswith(message)


FLEET = """
[minds]
patience = 2
[[researcher]]
[[researcher]]
count = 2
minds = { kind = "llm", model = "openai-chat/x" }
direction = "posterior"
dollars = 0.5
dev_answers = 3
[[researcher]]
name = "ann"
count = 2
direction = ""
"""


def test_a_mixed_fleet_round_trips(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(FLEET)
    config = load_study(path)
    assert config.study.researchers == 5
    assert [name for name, _ in config.places] == ["r1", "r2", "r3", "ann-1", "ann-2"]
    assert config.places[1][1].minds == {"kind": "llm", "model": "openai-chat/x"}
    assert config.priced
    path.write_text(dump_study(config))
    assert load_study(path) == config
    assert StudyConfig.model_validate(config.model_dump(mode="json")) == config
    assert load_study(path, sets=["minds.patience=3"]).minds.patience == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[researcher]\ncount = 2", "researcher must be a list of tables, as in [[researcher]]"),
        ("[[researcher]]\ncuont = 2", 'researcher 1: unknown field researcher.cuont (did you mean "count"?)'),
        ("[[researcher]]\nminds = 'llm'", 'researcher 1: researcher.minds must be a table, not "llm"'),
        ("[[researcher]]\nminds = {kid = 'llm'}", 'researcher 1: unknown field minds.kid (did you mean "kind"?)'),
        ("[[researcher]]\n[[researcher]]\nminds = {kind = 'x'}", 'researcher 2: minds.kind must be "search" or'),
        ("[[researcher]]\ndollars = 'x'", "researcher 1: researcher.dollars must be a number of at least 0"),
        ("[[researcher]]\nname = 'Bob!'", "researcher 1: researcher.name must be text like"),
        ("[[researcher]]\nname = 'r2'\n[[researcher]]", "2 researchers would be called 'r2'; give them other names"),
        ("[[researcher]]\ncount = 100\n[[researcher]]\ncount = 100", "the [[researcher]] tables make 200"),
        ("[study]\nresearchers = 2\n[[researcher]]", "study.researchers = 2, but the [[researcher]] tables make 1;"),
        ("minds = 3\n[[researcher]]", "minds must be a table, as in [minds]"),
    ],
)
def test_faults_of_a_fleet_say_what_is_allowed(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(text, tmp_path).startswith(message)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such study file"):
        load_study(tmp_path / "none.toml")
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        load_study(tmp_path)
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(UserError, match="is not UTF-8"):
        load_study(tmp_path / "bytes.toml")


def test_sets_are_applied_in_order_and_typed() -> None:
    config = config_from_sets(["study.researchers=9", "study.name='a-b'", "minds=search", "study.directions=['x']"])
    assert (config.study.researchers, config.study.name, config.minds.kind) == (9, "a-b", "search")
    assert config.study.directions == ("x",)
    assert config_from_sets(["sandbox=unsafe-local"]).sandbox.backend == "unsafe-local"
    assert config_from_sets(["dev.seeds=2", "dev.seeds=4"]).dev.seeds == 4


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("study.researcher=3", 'unknown field study.researcher (did you mean "researchers"?)'),
        ("studdy.researchers=3", "unknown table 'studdy' (did you mean \"study\"?)"),
        ("researchers=3", "unknown table 'researchers' (did you mean \"study.researchers\"?)"),
        ("study=3", "name a field of [study]: name, researchers, directions, forum, library, papers, seed"),
        ("study.researchers", "write it as table.field=value, for example study.researchers=9"),
        ("researcher.dollars=3", "[[researcher]] tables are written in a study file"),
        ("=3", "write it as table.field=value, for example study.researchers=9"),
    ],
)
def test_sets_that_have_no_place(argument: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        config_from_sets([argument])
    assert str(caught.value) == f"--set {argument}: {message}"


def test_a_fault_in_a_set_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text("[study]\nresearchers = 2\n")
    with pytest.raises(UserError, match=r"^--set: study\.researchers must be"):
        load_study(path, sets=["study.researchers=0"])


def test_data_paths_are_meant_from_where_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "studies").mkdir()
    path = tmp_path / "studies" / "study.toml"
    path.write_text("[problem]\ndata = '../data'\n")
    monkeypatch.chdir("/")
    assert load_study(path).problem.own() == {"data": str(tmp_path / "data")}
    assert load_study(path, sets=["problem.data=other"]).problem.own() == {"data": "/other"}
    assert config_from_sets(["problem.data=2026"]).problem.own() == {"data": "/2026"}
