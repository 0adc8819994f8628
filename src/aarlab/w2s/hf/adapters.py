"""LoRA adapters in a loaded model, through PEFT: put in, taken out, switched, without loading the model again."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from aarlab.errors import UserError
from aarlab.w2s.hf.settings import Recipe
from aarlab.w2s.tuned import Adapter, Half, Shapes


def layers_of(model: Any) -> tuple[str, Any]:
    """Name and list of the model's blocks. Raises UserError on an architecture that has none."""
    from torch import nn

    depth = getattr(model.config.get_text_config(), "num_hidden_layers", None)
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) == depth:
            return name, module
    raise UserError(f"models of the type {model.config.model_type} are not supported: they have no list of layers")


class Slots:
    """Places for one adapter of each rank in the linear maps of attention and MLP. For one thread."""

    def __init__(self, model: Any, *, recipe: Recipe) -> None:
        """Raises UserError on an architecture without linear maps in its layers."""
        from torch import nn

        prefix, _ = layers_of(model)
        found = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
        found = {name: module for name, module in found.items() if name.startswith(prefix + ".")}
        if not found:
            raise UserError(f"models of the type {model.config.model_type} are not supported: no linear maps found")
        self.shapes: Shapes = {name: (module.in_features, module.out_features) for name, module in found.items()}
        self._model = model
        self._recipe = recipe
        self._ranks: set[int] = set()

    def begin(self, rank: int, *, seed: int) -> None:
        """Fills the slot as LoRA begins: A uniform within 1 / sqrt(inputs), B zero. The model's output is unchanged."""
        generator = np.random.default_rng(seed)
        for (inputs, _), (down, up) in zip(self.shapes.values(), self._places(rank), strict=True):
            bound = 1 / math.sqrt(inputs)
            _put(down, generator.uniform(-bound, bound, (rank, inputs)).astype(np.float32))
            up.data.zero_()

    def fill(self, adapter: Adapter) -> int:
        """Copies an adapter into the slot of its rank, which it returns. Raises UserError when it does not fit."""
        if set(adapter.down) != set(self.shapes):
            raise UserError("the adapter was made for another model")
        rank = int(next(iter(adapter.down.values())).shape[0])
        for name, (down, up) in zip(self.shapes, self._places(rank), strict=True):
            if adapter.down[name].shape != tuple(down.shape) or adapter.up[name].shape != tuple(up.shape):
                raise UserError("the adapter was made for another model")
            _put(down, adapter.down[name])
            _put(up, adapter.up[name])
        return rank

    def read(self, rank: int) -> Adapter:
        """What is in the slot, as float16."""
        places = dict(zip(self.shapes, self._places(rank), strict=True))
        return Adapter(
            {name: _half(down) for name, (down, _) in places.items()},
            {name: _half(up) for name, (_, up) in places.items()},
        )

    def parameters(self, rank: int) -> list[Any]:
        """The slot's A and B in a fixed order, for an optimiser."""
        return [matrix for pair in self._places(rank) for matrix in pair]

    @contextmanager
    def using(self, rank: int | None) -> Iterator[None]:
        """The model answers with the adapter in the slot of that rank; with None as it is."""
        self._switch(rank)
        try:
            yield
        finally:
            self._switch(None)

    def _switch(self, rank: int | None) -> None:
        for name in self.shapes if self._ranks else ():
            layer = self._model.get_submodule(name)
            if rank is not None:
                layer.set_adapter(_slot(rank))
            layer.enable_adapters(rank is not None)

    def _places(self, rank: int) -> list[tuple[Any, Any]]:
        """(A, B) of each module; made when a rank is seen first."""
        if rank not in self._ranks:
            self._make(rank)
        layers = [self._model.get_submodule(name) for name in self.shapes]
        return [(layer.lora_A[_slot(rank)].weight, layer.lora_B[_slot(rank)].weight) for layer in layers]

    def _make(self, rank: int) -> None:
        from peft import inject_adapter_in_model

        config = lora(self._recipe, rank=rank, modules=list(self.shapes))
        inject_adapter_in_model(config, self._model, _slot(rank))
        self._ranks.add(rank)
        for down, up in self._places(rank):
            down.data, up.data = down.data.float(), up.data.float()
        self._switch(None)


def lora(recipe: Recipe, *, rank: int, modules: list[str]) -> Any:
    """PEFT's LoraConfig of an adapter by the recipe."""
    from peft import LoraConfig

    options: dict[str, Any] = {"r": rank, "lora_alpha": recipe.alpha, "use_rslora": True, "target_modules": modules}
    return LoraConfig(lora_dropout=0.0, bias="none", **options)


def _slot(rank: int) -> str:
    return f"rank{rank}"


def _put(place: Any, matrix: Any) -> None:
    import torch

    with torch.no_grad():
        place.copy_(torch.from_numpy(np.ascontiguousarray(matrix)))


def _half(place: Any) -> Half:
    return np.asarray(place.detach().cpu().numpy(), np.float16)
