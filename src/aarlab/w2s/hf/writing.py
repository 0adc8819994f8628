"""Text from the model, with transformers."""

from collections.abc import Sequence
from typing import Any

from aarlab.w2s.hf.passes import Passes, batches
from aarlab.w2s.hf.tokens import Row


def write(
    passes: Passes, rows: Sequence[Row], tokenizer: Any, *, tokens: int, temperature: float, seed: int
) -> list[str]:
    """What the model writes after each row; batches are padded on the left. The same in every process."""
    import torch

    device = passes.processes.device
    own: list[tuple[int, str]] = []
    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []), torch.inference_mode():
        for number, batch in enumerate(batches([len(row.ids) + tokens for row in rows])):
            if number % passes.processes.count != passes.processes.rank:
                continue
            torch.manual_seed(seed + number)
            own += zip(batch, _batch(passes, [rows[at] for at in batch], tokenizer, tokens, temperature), strict=True)
    return [text for _, text in sorted(passes.processes.gather(own))]


def _batch(passes: Passes, rows: Sequence[Row], tokenizer: Any, tokens: int, temperature: float) -> list[str]:
    import torch
    from transformers import GenerationConfig

    longest = max(len(row.ids) for row in rows)
    ids = [[*[0] * (longest - len(row.ids)), *row.ids] for row in rows]
    mask = [[*[0] * (longest - len(row.ids)), *[1] * len(row.ids)] for row in rows]
    own = getattr(passes.model, "generation_config", None)
    end = getattr(own, "eos_token_id", None)
    end = tokenizer.eos_token_id if end is None else end
    sampled = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0} if temperature > 0 else {}
    options = {"max_new_tokens": tokens, "eos_token_id": end, "pad_token_id": 0, **sampled}
    passes.model.generation_config = GenerationConfig(**{"do_sample": False, **options})
    try:
        found = passes.model.generate(
            input_ids=torch.tensor(ids, device=passes.processes.device),
            attention_mask=torch.tensor(mask, device=passes.processes.device),
        )
    finally:
        passes.model.generation_config = own
    return [_text(tokenizer, written[longest:].tolist(), end) for written in found]


def _text(tokenizer: Any, ids: list[int], end: Any) -> str:
    ends = set(end if isinstance(end, list) else [end])
    stop = next((at for at, token in enumerate(ids) if token in ends), len(ids))
    return str(tokenizer.decode(ids[:stop], skip_special_tokens=True))
