"""Two small models of random weights and items that they can learn, made on the spot."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from aarlab.w2s.hf.prompts import LABEL, ask
from benchmarks.contenders.job import PARTS, Item

FILLERS = [f"w{number}" for number in range(200)]
CUES = ([f"yes{number}" for number in range(8)], [f"no{number}" for number in range(8)])
"""Words that speak for right and for wrong."""
SHARE = 0.3
"""Of the words of an item that are cues."""
FRAME = ["Question", "Answer", "Label", "True", "False", "A", "B", ":"]
SPECIAL = ["<pad>", "<unk>", "<eos>"]


@dataclass(frozen=True)
class Size:
    """Of a model."""

    layers: int
    width: int


def make(folder: Path, *, weak: Size, strong: Size, items: int, words: int, seed: int) -> None:
    """Writes the models and three files of items: `items` to the student, half as many to the teacher and the test."""
    for role, size in (("weak", weak), ("strong", strong)):
        _model(folder / role, size, seed=seed)
    generator = np.random.default_rng(seed)
    for part, count in zip(PARTS, (items // 2, items, items // 2), strict=True):
        lines = [json.dumps(asdict(_item(generator, words=words))) + "\n" for _ in range(count)]
        (folder / f"{part}.jsonl").write_text("".join(lines), encoding="utf-8")


def _item(generator: np.random.Generator, *, words: int) -> Item:
    """Right when most cues say so. Lengths are lognormal about `words`, as those of solutions are."""
    length = int(np.clip(np.exp(generator.normal(np.log(words), 0.5)), 8, 4 * words))
    count = 1 + 2 * int(SHARE * length / 2)
    label = int(generator.random() < 0.5)
    most = int(generator.integers(count // 2 + 1, count + 1))
    found = [*generator.choice(CUES[1 - label], most), *generator.choice(CUES[label], count - most)]
    found += list(generator.choice(FILLERS, length - count))
    text = " ".join(str(found[at]) for at in generator.permutation(len(found)))
    choice = str(generator.choice(FILLERS))
    prompt = ask((text, choice), LABEL[2])
    return Item(text, choice, prompt.lead + prompt.given + prompt.rest, label)


def _model(folder: Path, size: Size, *, seed: int) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    vocabulary = [*SPECIAL, *FRAME, *FILLERS, *CUES[0], *CUES[1]]
    _tokenizer(folder, vocabulary)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=size.width,
        intermediate_size=2 * size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        bos_token_id=None,
        eos_token_id=2,
        pad_token_id=0,
        tie_word_embeddings=True,
        initializer_range=0.05,
    )
    torch.manual_seed(seed)
    LlamaForCausalLM(config).save_pretrained(folder)


def _tokenizer(folder: Path, vocabulary: Sequence[str]) -> None:
    """A token a word."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {word: number for number, word in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", eos_token="<eos>", pad_token="<pad>")
    fast.save_pretrained(folder)
