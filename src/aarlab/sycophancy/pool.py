"""All items as numbers, with what is right. It never leaves the lab's side."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import safe_open
from safetensors.numpy import save

from aarlab.canonical import digest
from aarlab.w2s.domains.shipped import Quantised
from aarlab.w2s.task import Array

Index = npt.NDArray[np.int64]
DATA = Path(__file__).parent / "data" / "items.safetensors"
PLAIN, WRONG, RIGHT = 0, 1, 2
"""What the user says before an item: nothing, the wrong answer, the right one."""


@dataclass(frozen=True)
class Pool:
    """The n items, each under three openings. All is right answer minus wrong answer."""

    states: Array
    """[n, 3, d] hidden states, by opening."""
    own: Array
    """[n, 3] the model's own log-odds for the right answer, nats per token."""
    source: Index
    """[n] place in `sources`."""
    fact: Index
    """[n] items of one fact stay on one side of every split."""
    sources: tuple[str, ...]
    """Names of the sources of items."""
    layer: int
    """Layer of the language model behind `states`."""
    digest: str
    """SHA-256 that names the data in the ledger."""

    def __len__(self) -> int:
        """Number of items."""
        return len(self.own)

    def first(self, limit: int) -> "Pool":
        """The first facts of every source, about `limit` items in all."""
        share = limit / len(self)
        kept = np.zeros(len(self), dtype=np.bool_)
        for place in range(len(self.sources)):
            facts = np.unique(self.fact[self.source == place])
            kept |= np.isin(self.fact, facts[: max(1, round(share * len(facts)))])
        columns = {name: getattr(self, name)[kept] for name in ("states", "own", "source", "fact")}
        name = digest(f"{self.digest} {limit}".encode())
        return Pool(**columns, sources=self.sources, layer=self.layer, digest=name)


def write(pool: Pool, path: Path) -> None:
    """Writes states in int8; the same pool gives the same bytes."""
    n, openings, d = pool.states.shape
    states = Quantised.of(pool.states.reshape(n * openings, d))
    tensors: dict[str, npt.NDArray[Any]] = {
        "states": states.values.reshape(n, openings, d),
        "scale": states.scale,
        "own": pool.own.astype(np.float32),
        "source": pool.source.astype(np.uint8),
        "fact": pool.fact.astype(np.int32),
    }
    facts = json.dumps({"layer": pool.layer, "sources": pool.sources}, sort_keys=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(save(tensors, metadata={"facts": facts}))


def read(path: Path = DATA) -> Pool:
    """What `write` wrote; by default the items that are shipped."""
    with safe_open(path, framework="numpy") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
        facts = json.loads(file.metadata()["facts"])
    return Pool(
        states=tensors["states"] * tensors["scale"],
        own=tensors["own"],
        source=tensors["source"].astype(np.int64),
        fact=tensors["fact"].astype(np.int64),
        sources=tuple(facts["sources"]),
        layer=facts["layer"],
        digest=digest(path.read_bytes()),
    )
