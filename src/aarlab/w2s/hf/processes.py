"""One process or several (`accelerate launch`), each with its own GPU: who does what, and sums over all."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class Processes:
    """This process among those that accelerate has started. All of them must make the same calls."""

    def __init__(self, *, device: str | None = None) -> None:
        """`device` None takes the accelerator that accelerate finds, else the CPU."""
        from accelerate import PartialState

        state = PartialState(cpu=device == "cpu")
        self.rank = int(state.process_index)
        self.count = int(state.num_processes)
        self.device = device or str(state.device)

    def share(self, work: Sequence[T]) -> list[T]:
        """This process's part: every count-th piece."""
        return list(work[self.rank :: self.count])

    def gather(self, own: Iterable[T]) -> list[T]:
        """What all processes have, the same list in each."""
        from accelerate.utils import gather_object

        return list(own) if self.count == 1 else list(gather_object(list(own)))

    def add(self, tensors: Sequence[Any]) -> None:
        """Replaces each tensor by its sum over all processes."""
        import torch.distributed as distributed

        for tensor in tensors if self.count > 1 else ():
            distributed.all_reduce(tensor)

    def wait(self) -> None:
        """Until all processes have come here."""
        from accelerate import PartialState

        PartialState().wait_for_everyone()
