"""Two processes of torchrun, which `accelerate launch` starts for GPUs, give on one CPU what one gives."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason='the extra "hf" is not installed')

from safetensors.numpy import load_file

from aarlab.w2s.hf.kept import Kept
from aarlab.w2s.hf.model import LanguageModel
from tests.support.tiny_items import pairs, truth

pytestmark = [pytest.mark.hf, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[3]
DEADLINE = 280.0
PROGRAM = """
import json
import sys
from pathlib import Path
from safetensors.numpy import save_file
from aarlab.w2s.hf.kept import Kept
from aarlab.w2s.hf.load import ModelRef, load
from tests.support.tiny_items import RECIPE, pairs, truth

model = load(ModelRef(sys.argv[1]), recipe=RECIPE, device="cpu")
assert model.processes.count == 2
kept, moved = Kept(model, Path(sys.argv[2])), []

def retarget(logits, target, done):
    moved.append(len(logits))
    return target

tuned = kept.finetune(pairs(), truth(), seed=1)
again = model.finetune(pairs(), truth(), seed=1, retarget=retarget)
assert moved == [8] * 9 and tuned.to_bytes() == again.to_bytes()
texts = model.generate(["the answer", "A", "Question"], tokens=4, temperature=0.0, seed=0)
found = {"logits": kept.label_logits(pairs(), student=tuned), "hidden": kept.hidden(pairs(), layer=1)}
found["prior"] = kept.prior(pairs())
save_file(found, f"{sys.argv[3]}.{model.processes.rank}")
Path(f"{sys.argv[3]}.{model.processes.rank}.json").write_text(json.dumps(texts))
"""


def test_two_processes_give_the_same_as_one(language: LanguageModel, folder: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={port}"]
    own = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "OMP_NUM_THREADS": "1"}
    command = [*launch, str(program), str(folder), str(tmp_path / "kept"), str(tmp_path / "found")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(command, env=own, cwd=ROOT, start_new_session=True, **pipes)  # type: ignore[call-overload]
    try:
        output, _ = process.communicate(timeout=DEADLINE)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, output
    first, second = (load_file(tmp_path / f"found.{rank}") for rank in range(2))
    alone = language.finetune(pairs(), truth(), seed=1)
    expected = {
        "logits": language.label_logits(pairs(), student=alone),
        "hidden": language.hidden(pairs(), layer=1),
        "prior": language.prior(pairs()),
    }
    for name, values in expected.items():
        assert np.array_equal(first[name], second[name])
        assert first[name] == pytest.approx(values, abs=0.02)
    texts = language.generate(["the answer", "A", "Question"], tokens=4, temperature=0.0, seed=0)
    assert [json.loads((tmp_path / f"found.{rank}.json").read_text()) for rank in range(2)] == [texts] * 2
    assert len(list((tmp_path / "kept").rglob("*.safetensors"))) == 4
    kept = Kept(language, tmp_path / "kept")  # one process reads what two have made
    assert np.array_equal(kept.hidden(pairs(), layer=1), first["hidden"])
