"""docs/hf.md: its example runs, and its numbers are the code's."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason='the extra "hf" is not installed')

from aarlab.w2s.hf.load import PATIENCE
from aarlab.w2s.hf.model import CHECKPOINT_SECONDS
from aarlab.w2s.hf.settings import HfSettings, Recipe
from aarlab.w2s.hf.vllm_writer import MEMORY
from tests.support.tiny_model import tiny_model

pytestmark = pytest.mark.hf
PAGE = (Path(__file__).resolve().parents[3] / "docs" / "hf.md").read_text()


@pytest.mark.slow
def test_the_example_runs(tmp_path: Path) -> None:
    tiny_model(tmp_path / "models" / "strong")
    (code,) = re.findall(r"```python\n(.+?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "script.py").write_text(code)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, cwd=tmp_path, timeout=200)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\[\s*-?[\d.]+\s+-?[\d.]+\s*\]", done.stdout.strip())
    assert {folder.name for folder in (tmp_path / "kept").iterdir()} == {"trainings", "logits"}


def test_its_numbers_are_those_of_the_code() -> None:
    recipe, settings, words = Recipe(), HfSettings(), " ".join(PAGE.split())
    assert (recipe.rank, recipe.rate, recipe.warmup, recipe.epochs, recipe.batch) == (32, 1e-4, 0.1, 5, 32)
    assert "rank 32 on all linear maps" in words
    assert "AdamW, 1e-4 with a tenth of warm-up and then linearly to zero, 5 passes, batches of 32" in words
    assert f"{settings.weak.split('/')[1]} teaches {settings.strong.split('/')[1]}" in words
    assert (PATIENCE, CHECKPOINT_SECONDS, MEMORY) == (10, 120, 0.4)
    assert "ten seconds to answer" in words
    assert "every two minutes" in words
    assert "in 0.4 of the GPU's memory" in words
