"""[problem.hf]: which models, and how every one of them is fine-tuned."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Generator = Literal["transformers", "vllm"]
"""What writes text."""


class Recipe(BaseModel):
    """[problem.hf.recipe]: the same for weak teacher, ceiling, vanilla and every method, so that PGR stays fair.

    The defaults are those of the study of automated researchers (2026).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    rank: int = Field(32, ge=1, le=256)
    """Rank of the LoRA adapters, on all linear maps of attention and MLP."""
    alpha: float = Field(32.0, gt=0)
    """Their scale is alpha / sqrt(rank) (rank-stabilised LoRA, Kalajdzievski 2023)."""
    rate: float = Field(1e-4, gt=0)
    """Highest learning rate of AdamW; it falls linearly to zero after the warm-up."""
    warmup: float = Field(0.1, ge=0, lt=1)
    """Share of the steps in which the rate rises linearly."""
    epochs: float = Field(5.0, gt=0)
    """Passes over the items."""
    batch: int = Field(32, ge=1)
    """Items of one step, over all GPUs."""
    micro_batch: int | None = Field(None, ge=1)
    """Items that one GPU holds at a time; None = the whole of its share of a batch."""
    max_tokens: int = Field(8192, ge=16)
    """Longest item. Of a longer one the prompt loses its beginning; answers and label are never cut."""
    precision: Literal["auto", "bfloat16", "float32"] = "auto"
    """Of the frozen weights and of arithmetic; auto = bfloat16 on a GPU. Adapters are float32 in training."""
    checkpointing: bool = True
    """Recompute activations in the backward pass: about a third slower, a fraction of the memory."""


class HfSettings(BaseModel):
    """Models by hub id with a pinned revision, or by local folder."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    weak: str = "Qwen/Qwen1.5-0.5B-Chat"
    """The weak teacher before its fine-tuning."""
    weak_revision: str | None = None
    """Commit of it on the hub (40 hexadecimal digits); a local folder needs none."""
    strong: str = "Qwen/Qwen3-4B-Base"
    """The strong student before its fine-tuning."""
    strong_revision: str | None = None
    """Commit of it on the hub; a local folder needs none."""
    chat_template: Literal["auto", "yes", "no"] = "auto"
    """Whether prompts go through the tokenizer's chat template; auto = where it has one and the name does not end in
    "base"."""
    layer: int | None = Field(None, ge=0)
    """Layer of the strong model whose hidden states methods see; None = two thirds of its depth."""
    seeds: int = Field(16, ge=2, le=256)
    """Draws whose weak teacher and ceiling are trained, once each: verification takes its draws from them."""
    generator: Generator = "transformers"
    """What writes text for methods that need some; vllm is the extra `vllm`."""
    recipe: Recipe = Recipe()
    """How models are fine-tuned."""
