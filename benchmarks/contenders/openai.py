"""openai/weak-to-strong as it is: train_model and eval_model_acc on its TransformerWithHead; all weights are trained.

It asks for transformers of 2023. What today's needs is in `shim`: one function that has moved, and the name under which
models hand out their body. Its train_and_save_model is not used, because it puts models on "cuda".
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.contenders.baton import Baton
from benchmarks.contenders.job import Item, Job, job_of, play

if TYPE_CHECKING:
    from datasets import Dataset


def shim() -> None:
    """Call before weak_to_strong is imported."""
    import transformers
    from transformers import modeling_utils, trainer_utils

    modeling_utils.load_sharded_checkpoint = trainer_utils.load_sharded_checkpoint
    transformers.LlamaForCausalLM.transformer = property(lambda self: self.model)  # GPT-2's name for it


class OpenAI:
    """A new model for each training."""

    def __init__(self, job: Job, baton: Baton) -> None:
        self._job, self._baton = job, baton

    def teacher(self) -> tuple[Sequence[float], float]:
        from weak_to_strong.eval import eval_model_acc
        from weak_to_strong.loss import xent_loss

        items = self._job.items("teacher")
        model, right = self._train("weak", items, [float(item.label) for item in items], xent_loss())
        answered = eval_model_acc(model, self._data("weak", self._job.items("student")), self._job.batch)
        return [row[1] for row in answered["soft_label"]], right

    def student(self, name: str, labels: Sequence[float], *, confidence: bool) -> float:
        from weak_to_strong.loss import logconf_loss_fn, xent_loss

        del name
        loss = logconf_loss_fn() if confidence else xent_loss()
        return self._train("strong", self._job.items("student"), labels, loss)[1]

    def _train(self, role: str, items: Sequence[Item], labels: Sequence[float], loss: Any) -> tuple[Any, float]:
        """The model, and its accuracy on the test."""
        import torch
        from weak_to_strong.model import TransformerWithHead
        from weak_to_strong.train import train_model

        torch.manual_seed(self._job.seed)
        model = TransformerWithHead.from_pretrained(self._job.model(role), num_labels=2)
        results = train_model(
            model,
            self._data(role, items, labels),
            self._job.batch,
            lr=self._job.full_rate,
            loss_fn=self._heard(loss),
            eval_every=1_000_000,
            eval_batch_size=self._job.batch,
            minibatch_size=self._job.batch,
            eval_ds=self._data(role, self._job.items("test")),
            epochs=self._job.epochs,
        )
        return model, sum(results["acc"]) / len(results)

    def _heard(self, loss: Any) -> Any:
        """The same loss; from one call to the next is a step."""

        def heard(*args: Any, **more: Any) -> Any:
            self._baton.step()
            return loss(*args, **more)

        return heard

    def _data(self, role: str, items: Sequence[Item], labels: Sequence[float] | None = None) -> "Dataset":
        """Rows with input_ids and soft_label, made with their tokenize_dataset; of the true labels by default."""
        from datasets import Dataset
        from weak_to_strong.common import get_tokenizer
        from weak_to_strong.datasets import tokenize_dataset

        right = [float(item.label) for item in items] if labels is None else labels
        rows = [{"txt": item.text, "soft_label": [1 - label, label]} for item, label in zip(items, right, strict=True)]
        return tokenize_dataset(Dataset.from_list(rows), get_tokenizer(self._job.model(role)), 1 << 20)


def main() -> None:
    baton, job = Baton(), job_of(sys.argv[1])
    shim()
    import_module("weak_to_strong.train")
    from weak_to_strong import logger

    logger.configure(name="peers", save_path=str(Path(job.folder) / "openai"))
    play(OpenAI(job, baton), job, baton)


if __name__ == "__main__":
    main()
