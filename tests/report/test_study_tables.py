"""The tables of a study: typed, whole, without anything held out; and the notebook that shows them."""

import json
import os
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import aarlab
from aarlab.errors import UserError
from aarlab.lab.sqlite_store import SqliteStore, read_events
from aarlab.lab.store import Draft
from aarlab.paths import StudyPaths
from aarlab.report.columns import columns
from aarlab.report.study import TABLES, Study
from tests.support.campaign import campaign

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "notebook.ipynb"


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> StudyPaths:
    return campaign(tmp_path_factory.mktemp("campaign") / "study", submissions=10)[0]


@pytest.fixture(scope="module")
def study(paths: StudyPaths) -> Study:
    talk = {"kind": "tool", "tool": "board", "result": "nothing yet", "seconds": 0.5, "time": 1_800_000_000.0}
    paths.transcripts.mkdir()
    (paths.transcripts / "r1.jsonl").write_text(json.dumps(talk) + "\n")
    return aarlab.read_study(paths.root)


def test_tables_have_what_the_study_has(study: Study) -> None:
    board, curves = study.board, study.curves
    assert list(board["kind"]) == ["method"] * 9 + ["mark"] * 3
    assert list(board["rank"].dropna()) == list(range(1, 9)), "one is under review"
    assert len(study.submissions) == 10
    assert study.submissions["answer"].dropna().tolist() == [0.9]
    assert len(study.findings) == len(curves) == 9
    assert study.findings["value"].tolist() == curves["value"].tolist()
    assert study.incidents["level"].tolist() == ["quarantine"]
    assert study.costs["dollars"].sum() == pytest.approx(study.state.dollars)
    assert study.events["seq"].tolist() == list(range(1, study.state.events + 1))
    assert study.transcripts[["kind", "tool", "text"]].values.tolist() == [["Worked", "board", "nothing yet"]]
    assert curves["best_low"].is_monotonic_increasing
    assert curves["dollars"].is_monotonic_increasing
    assert curves["best_low"].iloc[-1] == board["low"].iloc[0]


def test_columns_are_typed_documented_and_the_same_without_rows(study: Study, tmp_path: Path) -> None:
    known = columns()
    empty = _just_begun(study, tmp_path)
    for name, row in TABLES.items():
        words, found = known[row.__name__]
        assert words
        assert all(column.words for column in found)
        assert [column.name for column in found] == [field.name for field in fields(row)]
        frame = study.frame(name)
        assert list(frame.columns) == [column.name for column in found]
        assert empty.frame(name).dtypes.to_dict() == frame.dtypes.to_dict()
        assert "object" not in {str(kind) for kind in frame.dtypes}
        assert len(study.rows(name)) == len(frame)


def _just_begun(study: Study, folder: Path) -> Study:
    store = SqliteStore(StudyPaths(folder).database)
    first = next(read_events(study._paths.database))
    store.append([Draft(first.kind, first.actor, first.body, first.meta)])
    store.close()
    return aarlab.read_study(folder)


def test_what_is_not_there_is_said_in_one_line(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="no study has begun here"):
        aarlab.read_study(tmp_path)
    with pytest.raises(UserError, match="there is no table 'boards'; there are board, submissions"):
        study.rows("boards")
    with pytest.raises(UserError, match="there is no table 'boards'"):
        study.frame("boards")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UserError, match=r"pip install 'aarlab\[notebook\]'"):
        study.frame("board")
    assert study.rows("board")


def test_the_notebooks_code_runs(paths: StudyPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cell by cell in this process; the slow test below runs it in a kernel."""
    monkeypatch.setenv("AARLAB_STUDY", str(paths.root))
    monkeypatch.setenv("MPLBACKEND", "agg")
    names: dict[str, Any] = {}
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        assert not cell.get("outputs"), "outputs are not committed"
        if cell["cell_type"] == "code":
            exec(compile(cell["source"], NOTEBOOK.name, "exec"), names)
    assert names["study"].state.state == "finished"
    assert len(names["curves"]) == 9


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_notebook_runs_in_a_kernel(paths: StudyPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    monkeypatch.setenv("AARLAB_STUDY", str(paths.root))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    pictures = [one for cell in notebook.cells for one in cell.get("outputs", ()) if "image/png" in one.get("data", {})]
    assert len(pictures) == 1
