"""An adapter as a folder of PEFT: what vLLM reads, and `peft.PeftModel.from_pretrained`."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from aarlab.w2s.hf.adapters import lora
from aarlab.w2s.hf.settings import Recipe
from aarlab.w2s.tuned import Adapter

WEIGHTS = "adapter_model.safetensors"
"""As PEFT names it."""


def write_folder(adapter: Adapter, folder: Path, *, recipe: Recipe, model: str) -> None:
    """Writes adapter_config.json and the weights; `model` is the name of the model that the adapter belongs to."""
    rank = int(next(iter(adapter.down.values())).shape[0])
    config = lora(recipe, rank=rank, modules=list(adapter.down))
    config.task_type, config.base_model_name_or_path, config.inference_mode = "CAUSAL_LM", model, True
    config.save_pretrained(folder)
    sides = {"lora_A": adapter.down, "lora_B": adapter.up}
    tensors = {
        f"base_model.model.{module}.{side}.weight": np.ascontiguousarray(matrix)
        for side, matrices in sides.items()
        for module, matrix in matrices.items()
    }
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
