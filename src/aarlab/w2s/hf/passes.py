"""Forward passes over rows: batches by length with a budget of tokens, padded on the right, results in order.

Models are causal, so what pads on the right is never seen by what stands before it and no mask is needed.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from aarlab.errors import UserError
from aarlab.w2s.hf.adapters import layers_of
from aarlab.w2s.hf.processes import Processes
from aarlab.w2s.hf.tokens import Row
from aarlab.w2s.task import Array, Floats

BATCH_TOKENS = 8192
"""Tokens in one forward pass without gradients, padding included; one long row may exceed it."""


class Passes:
    """A causal language model that reads rows. For one thread."""

    def __init__(self, model: Any, *, processes: Processes) -> None:
        """Raises UserError on a model whose logits are not a linear map of its last hidden state."""
        self.model = model
        self.processes = processes
        self.body = model.base_model
        self.head = model.get_output_embeddings()
        self._check_head()

    def log_odds(self, rows: Sequence[Row]) -> Any:
        """[n] float32 tensor: logit of the second word minus that of the first, after each row, in one pass.

        Only the two words' rows of the vocabulary are multiplied.
        """
        import torch

        ids = self.padded(rows)
        states = self.body(input_ids=ids, use_cache=False).last_hidden_state
        last = torch.tensor([len(row.ids) - 1 for row in rows], device=ids.device)
        words = torch.tensor([row.words for row in rows], device=ids.device)
        picked = states[torch.arange(len(rows), device=ids.device), last].float()
        weight = self.head.weight[words].float()
        odds = ((weight[:, 1] - weight[:, 0]) * picked).sum(-1)
        bias = getattr(self.head, "bias", None)
        return odds if bias is None else odds + bias[words[:, 1]].float() - bias[words[:, 0]].float()

    def margins(self, rows: Sequence[Row]) -> Floats:
        """[n] the same for any number of rows, without gradients."""

        def one(batch: Sequence[Row]) -> Floats:
            return np.asarray(self.log_odds(batch).cpu().numpy(), np.float64)

        return np.asarray(self._each(rows, one), np.float64).reshape(len(rows))

    def means(self, rows: Sequence[Row], *, layer: int) -> Array:
        """[n, d] hidden states after `layer` layers, before the final norm, averaged over each row's answer."""

        def one(batch: Sequence[Row]) -> Array:
            states = self.stream(self.padded(batch), layer=layer)
            ends = [(state, len(row.ids), row.answer) for state, row in zip(states, batch, strict=True)]
            return np.stack([state[end - size : end].float().mean(0).cpu().numpy() for state, end, size in ends])

        return np.asarray(self._each(rows, one), np.float32)

    def stream(self, ids: Any, *, layer: int) -> Any:
        """[n, tokens, d] residual stream after `layer` layers; those above are not run."""
        _, layers = layers_of(self.model)
        place = layers[layer - 1] if layer else self.model.get_input_embeddings()
        handle = place.register_forward_hook(_leave)
        try:
            self.body(input_ids=ids, use_cache=False)
        except _Reached as reached:
            return reached.state
        finally:
            handle.remove()
        raise UserError(f"models of the type {self.model.config.model_type} do not run their layers in order")

    def padded(self, rows: Sequence[Row]) -> Any:
        """[n, longest] token ids on the device, padded with zeros on the right."""
        import torch

        longest = max(len(row.ids) for row in rows)
        ids = [[*row.ids, *[0] * (longest - len(row.ids))] for row in rows]
        return torch.tensor(ids, device=self.processes.device)

    def _each(self, rows: Sequence[Row], one: Callable[[Sequence[Row]], Any]) -> list[Any]:
        import torch

        own: list[tuple[int, Any]] = []
        with torch.inference_mode():
            for batch in self.processes.share(list(batches([len(row.ids) for row in rows]))):
                own += zip(batch, one([rows[at] for at in batch]), strict=True)
        return [result for _, result in sorted(self.processes.gather(own), key=lambda pair: pair[0])]

    def _check_head(self) -> None:
        import torch

        probe = Row((1, 2, 3), (4, 5))
        with torch.inference_mode():
            logits = self.model(input_ids=self.padded([probe]), use_cache=False).logits[0, -1].float()
            expected = float(logits[5] - logits[4])
            found = float(self.log_odds([probe])[0])
        # bfloat16 keeps eight bits of a logit: of two large ones the difference is known that badly.
        rounding = 4 * torch.finfo(self.model.dtype).eps * float(logits[4:6].abs().max())
        if abs(found - expected) > 0.05 * (1 + abs(expected)) + rounding:
            kind = self.model.config.model_type
            raise UserError(f"models of the type {kind} are not supported: they change their logits after the head")


def batches(lengths: Sequence[int], *, budget: int = BATCH_TOKENS) -> Iterator[list[int]]:
    """Places of rows that go together, longest first, so that what does not fit into memory shows at once."""
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lambda at: (-lengths[at], at)):
        if batch and lengths[batch[0]] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


class _Reached(Exception):  # noqa: N818
    """Leaves a forward pass where its result is known."""

    def __init__(self, state: Any) -> None:
        super().__init__()
        self.state = state


def _leave(_module: Any, _inputs: Any, output: Any) -> None:
    raise _Reached(output[0] if isinstance(output, tuple) else output)
