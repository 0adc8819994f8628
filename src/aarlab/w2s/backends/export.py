"""The embedded language model as a folder of transformers, so that the hf backend runs on a real model without a hub.

Weights are the dequantised ones that the numpy reader uses, in float32; names and settings are those of Llama in
transformers.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from aarlab.errors import UserError
from aarlab.w2s.backends.gguf import FloatArray, GgufFile, read_gguf
from aarlab.w2s.backends.smollm import LAYERS, WIDTH, load_tokenizer, read_block, shape_of, weights_path

CONTROL = 3
"""Type of a token that stands for no text, in a GGUF file."""


@dataclass(frozen=True)
class Exported:
    """A folder that was written."""

    folder: str
    """Where it is."""
    layers: int
    """How many of the model's layers it has."""
    parameters: int
    """Embedding and layers."""


def export(to: Path, *, layers: int = LAYERS) -> Exported:
    """Writes the first `layers` layers of the installed model, final norm and tokenizer; all or nothing.

    Raises UserError when `to` exists or `layers` is not a number of layers, MissingModelError without the model.
    """
    if not 1 <= layers <= LAYERS:
        raise UserError(f"--layers {layers}: the model has {LAYERS} layers; take 1 to {LAYERS}")
    if to.exists():
        raise UserError(f"{to} exists already; name a folder that does not")
    file = read_gguf(weights_path())
    unfinished = to.with_name(f".{to.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
        weights = _weights(file, layers)
        save_file(weights, unfinished / "model.safetensors", metadata={"format": "pt"})
        _write_json(unfinished / "config.json", _config(file, layers))
        _write_tokenizer(file, unfinished)
        unfinished.rename(to)
    except OSError as error:
        raise UserError(f"{to} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Exported(str(to), layers, sum(weight.size for weight in weights.values()))


def _weights(file: GgufFile, layers: int) -> dict[str, FloatArray]:
    shape = shape_of(file.metadata)
    ends = np.cumsum([shape.heads * shape.head, shape.kv_heads * shape.head])
    found = {
        "model.embed_tokens.weight": file.tensor("token_embd.weight"),
        "model.norm.weight": file.tensor("output_norm.weight"),
    }
    for index in range(layers):
        block, name = read_block(file, index, shape), f"model.layers.{index}"
        query, key, value = np.split(block.qkv, ends)
        gate, up = np.split(block.gate_up, 2)
        found |= {
            f"{name}.input_layernorm.weight": block.attention_norm,
            f"{name}.self_attn.q_proj.weight": query,
            f"{name}.self_attn.k_proj.weight": key,
            f"{name}.self_attn.v_proj.weight": value,
            f"{name}.self_attn.o_proj.weight": block.output,
            f"{name}.post_attention_layernorm.weight": block.mlp_norm,
            f"{name}.mlp.gate_proj.weight": gate,
            f"{name}.mlp.up_proj.weight": up,
            f"{name}.mlp.down_proj.weight": block.down,
        }
    return {name: np.ascontiguousarray(weight) for name, weight in found.items()}


def _config(file: GgufFile, layers: int) -> dict[str, Any]:
    facts, shape = file.metadata, shape_of(file.metadata)
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": len(facts["tokenizer.ggml.tokens"]),
        "hidden_size": WIDTH,
        "intermediate_size": facts["llama.feed_forward_length"],
        "num_hidden_layers": layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "rms_norm_eps": shape.epsilon,
        "rope_parameters": {"rope_type": "default", "rope_theta": shape.theta},
        "max_position_embeddings": facts["llama.context_length"],
        "hidden_act": "silu",
        "attention_bias": False,
        "tie_word_embeddings": True,
        "bos_token_id": facts["tokenizer.ggml.bos_token_id"],
        "eos_token_id": facts["tokenizer.ggml.eos_token_id"],
        "dtype": "float32",
    }


def _write_tokenizer(file: GgufFile, folder: Path) -> None:
    from tokenizers import AddedToken, decoders

    facts = file.metadata
    tokens, kinds = facts["tokenizer.ggml.tokens"], facts["tokenizer.ggml.token_type"]
    tokenizer = load_tokenizer(file)
    tokenizer.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == CONTROL]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {"bos_token": "bos", "eos_token": "eos", "pad_token": "padding", "unk_token": "unknown"}
    settings: Mapping[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": facts["llama.context_length"],
        "clean_up_tokenization_spaces": False,
        "chat_template": facts["tokenizer.chat_template"],
        **{name: tokens[facts[f"tokenizer.ggml.{key}_token_id"]] for name, key in named.items()},
    }
    _write_json(folder / "tokenizer_config.json", settings)


def _write_json(file: Path, value: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
