"""Text with vLLM: the prompts of `writing`, all at once. Needs the extra `vllm` and a GPU beside the model's own share.

API: vLLM's offline inference (LLM, SamplingParams, LoRARequest), https://docs.vllm.ai.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

from aarlab.canonical import digest
from aarlab.errors import ResearcherError
from aarlab.w2s.hf.peft_folder import write_folder
from aarlab.w2s.hf.settings import Recipe
from aarlab.w2s.hf.tokens import Row
from aarlab.w2s.tuned import Adapter, Tuned

MEMORY = 0.4
"""Share of the GPU's memory that vLLM takes, for a second copy of the model; the rest is for fine-tuning."""
RANKS = (8, 16, 32, 64, 128, 256)
"""Of which vLLM wants one as the highest of its adapters."""


class VllmWriter:
    """Writes with its own copy of a model, which is loaded with the first text. For one thread."""

    def __init__(self, name: str, *, revision: str | None, dtype: str, longest: int, recipe: Recipe) -> None:
        """`longest` is in tokens, prompt and text together."""
        self._recipe, self._name = recipe, name
        self._options = engine_options(name, revision=revision, dtype=dtype, longest=longest, rank=recipe.rank)
        self._engine: Any = None
        self._folder = Path(mkdtemp(prefix="aarlab-adapters-"))
        finalize(self, shutil.rmtree, self._folder)
        self._known: dict[str, int] = {}

    def write(
        self, rows: Sequence[Row], *, tokens: int, temperature: float, seed: int, adapter: Adapter | None
    ) -> list[str]:
        """What the model writes after each row. The same rows and seed give the same text up to vLLM's batching.

        Raises ResearcherError for an adapter of a higher rank than the engine was made for.
        """
        from vllm import LLM, SamplingParams

        request = None if adapter is None else self._request(adapter)
        if self._engine is None:
            self._engine = LLM(**self._options)
        drawn = [SamplingParams(**one) for one in sampling_options(len(rows), tokens, temperature, seed)]
        asked = [{"prompt_token_ids": list(row.ids)} for row in rows]
        found = self._engine.generate(asked, drawn, lora_request=request, use_tqdm=False)
        return [str(each.outputs[0].text) for each in found]

    def _request(self, adapter: Adapter) -> Any:
        from vllm.lora.request import LoRARequest

        return LoRARequest(*self.saved(adapter))

    def saved(self, adapter: Adapter) -> tuple[str, int, str]:
        """Name, number and folder of an adapter; vLLM takes the same number for the same adapter."""
        highest = int(self._options["max_lora_rank"])
        if next(iter(adapter.down.values())).shape[0] > highest:
            raise ResearcherError(f"vllm writes with adapters of rank {highest} at most")
        name = digest(Tuned((adapter,)).to_bytes())
        folder = self._folder / name
        if name not in self._known:
            write_folder(adapter, folder, recipe=self._recipe, model=self._name)
            self._known[name] = len(self._known) + 1
        return name, self._known[name], str(folder)


def engine_options(name: str, *, revision: str | None, dtype: str, longest: int, rank: int) -> dict[str, Any]:
    """How vLLM loads a model: the same files and the same precision as for fine-tuning."""
    return {
        "model": name,
        "revision": revision,
        "tokenizer_revision": revision,
        "trust_remote_code": False,
        "dtype": dtype,
        "max_model_len": longest,
        "gpu_memory_utilization": MEMORY,
        "enable_lora": True,
        "max_lora_rank": next(highest for highest in RANKS if highest >= rank),
        "seed": 0,
    }


def sampling_options(count: int, tokens: int, temperature: float, seed: int) -> list[dict[str, Any]]:
    """Of each of `count` texts, with a seed of its own: from all tokens by their probabilities, or the likeliest."""
    shared = {"max_tokens": tokens, "temperature": temperature, "top_p": 1.0}
    return [{**shared, "seed": seed + number} for number in range(count)]
