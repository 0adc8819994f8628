"""A study's folder and who holds it."""

import json
import os
from pathlib import Path

import pytest

from aarlab.errors import UserError
from aarlab.fleet.study import (
    HOLDER,
    create_study,
    hold,
    open_study,
    request_stop,
    running,
    stop_requested,
)
from aarlab.settings import StudyConfig, StudySettings

OTHER = StudyConfig(study=StudySettings(researchers=9))


def test_a_study_is_created_once_and_opened_again(tmp_path: Path) -> None:
    paths = create_study(OTHER, folder=tmp_path / "a" / "s")
    assert open_study(tmp_path / "a" / "s") == (paths, OTHER)
    assert create_study(OTHER, folder=paths.root) == paths


def test_another_study_is_not_overwritten(tmp_path: Path) -> None:
    paths = create_study(OTHER, folder=tmp_path / "s")
    before = paths.config.read_bytes()
    with pytest.raises(UserError, match="holds another study"):
        create_study(StudyConfig(), folder=paths.root)
    assert paths.config.read_bytes() == before


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("...")
    with pytest.raises(UserError, match="is not empty"):
        create_study(StudyConfig(), folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_opening_what_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="aarlab run"):
        open_study(tmp_path / "nothing")


def test_one_process_holds_a_study(tmp_path: Path) -> None:
    paths = create_study(StudyConfig(), folder=tmp_path / "s")
    assert running(paths) is None
    assert not request_stop(paths)
    with hold(paths):
        holder = running(paths)
        assert holder is not None
        assert holder.pid == os.getpid()
        with pytest.raises(UserError, match=f"process {os.getpid()}"), hold(paths):
            pass
        assert running(paths) == holder
        assert request_stop(paths, reason="why not")
        assert stop_requested(paths) == "why not"
    assert running(paths) is None
    with hold(paths):
        assert stop_requested(paths) is None


@pytest.mark.parametrize("left", [b"", b"[]", b'{"pid": 1}', json.dumps({"pid": 1, "started": "x:1"}).encode()])
def test_what_a_killed_process_left_behind_holds_nothing(tmp_path: Path, left: bytes) -> None:
    paths = create_study(StudyConfig(), folder=tmp_path / "s")
    (paths.root / HOLDER).write_bytes(left)
    assert running(paths) is None
    with hold(paths):
        assert running(paths) is not None
