"""Problems by name."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest
from pydantic import BaseModel

from aarlab.errors import OperatorError, UserError
from aarlab.problem import kinds, load, settings_of
from aarlab.problem.registry import GROUP
from aarlab.w2s.problem import W2SSettings

HERE = "aarlab.w2s.problem:W2S"

not_installed = pytest.mark.skipif(not entry_points(group=GROUP), reason="aarlab is not installed: no entry points")


@not_installed
def test_weak_to_strong_is_installed() -> None:
    assert kinds()["w2s"] == HERE
    assert settings_of("w2s") is W2SSettings


@not_installed
def test_the_nearest_kind_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='did you mean "w2s"'):
        load("w2", {}, cache=tmp_path)


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='there is no kind "poetry"'):
        load("poetry", {}, cache=tmp_path)


def test_a_kind_may_be_named_by_its_place() -> None:
    assert issubclass(settings_of(HERE), BaseModel)


def test_the_nearest_setting_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r'domian.*did you mean "domain"'):
        load(HERE, {"domian": "chat"}, cache=tmp_path)


def test_a_setting_out_of_bounds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="l2"):
        load(HERE, {"l2": -1.0}, cache=tmp_path)


@pytest.mark.parametrize("kind", ["no.such.module:X", "aarlab.w2s.problem:X", "aarlab.w2s.problem:L2", ":"])
def test_what_cannot_be_loaded_is_said(kind: str, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"problem\.kind"):
        load(kind, {}, cache=tmp_path)
