"""What is loaded, and what is said when that is not possible."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason='the extra "hf" is not installed')

from aarlab.errors import UserError
from aarlab.w2s.hf.load import ModelRef, load
from tests.support.tiny_items import RECIPE
from tests.support.tiny_model import tiny_model

pytestmark = pytest.mark.hf
ROOT = Path(__file__).resolve().parents[3]
COMMIT = "0123456789" * 4


def test_a_model_of_the_hub_is_pinned() -> None:
    with pytest.raises(UserError, match="must be pinned: set its revision to a commit"):
        load(ModelRef("owner/model", "main"), recipe=RECIPE)
    assert ModelRef("owner/model", COMMIT).digest() == COMMIT


def test_a_folder_is_known_by_its_files(folder: Path, tmp_path: Path) -> None:
    same, other = tiny_model(tmp_path / "same"), tiny_model(tmp_path / "other", seed=1)
    assert ModelRef(str(same)).digest() == ModelRef(str(folder)).digest() != ModelRef(str(other)).digest()
    before = ModelRef(str(same)).digest()
    (same / "notes.md").write_text("not of the model")
    assert ModelRef(str(same)).digest() == before
    with (same / "tokenizer_config.json").open("a") as file:
        file.write("\n")
    assert ModelRef(str(same)).digest() != before


def test_what_is_no_model_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"it has no config\.json"):
        load(ModelRef(str(tmp_path)), recipe=RECIPE)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match="is not a folder of a language model in safetensors: ") as error:
        load(ModelRef(str(tmp_path)), recipe=RECIPE)
    assert "\n" not in str(error.value)


def test_weights_as_pickles_are_not_read(folder: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    for file in folder.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save(load_file(folder / "model.safetensors"), tmp_path / "pytorch_model.bin")
    with pytest.raises(UserError, match="is not a folder of a language model in safetensors"):
        load(ModelRef(str(tmp_path)), recipe=RECIPE)


PROGRAM = f"""
from aarlab.errors import OperatorError
from aarlab.w2s.hf.load import ModelRef, load
from aarlab.w2s.hf.settings import Recipe
import transformers, time
began = time.monotonic()
try:
    load(ModelRef("owner/model", "{COMMIT}"), recipe=Recipe(), device="cpu")
except OperatorError as error:
    print(time.monotonic() - began, error)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "cannot be had from the hub: "),
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set: unset it, or name a local folder"),
    ],
)
def test_a_hub_out_of_reach_is_said_at_once(environment: dict[str, str], why: str, tmp_path: Path) -> None:
    own = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "HF_HOME": str(tmp_path)} | environment
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, env=own, cwd=ROOT, timeout=120, check=True)
    seconds, _, said = done.stdout.strip().partition(" ")
    assert why in said
    assert f"owner/model at {COMMIT} is not in the hub's cache here" in said
    assert float(seconds) < 40  # the libraries are loaded within it; the hub's own client tries for a minute
