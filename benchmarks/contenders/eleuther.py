"""EleutherAI/w2s as it is: its train() with LoRA, its Trainer and its losses.

It asks for a GPU and for transformers of 2024. What a CPU and today's need is in `shim`.
"""

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from benchmarks.contenders.baton import Baton
from benchmarks.contenders.job import TEACHER, Item, Job, job_of, play
from benchmarks.contenders.plain import Turns, arguments

if TYPE_CHECKING:
    from datasets import Dataset


def shim(baton: Baton) -> None:
    """Call before w2s.sft is imported: its Trainer calls an argument `tokenizer` that has another name today."""
    import transformers

    class Trainer(transformers.Trainer):  # type: ignore[misc]
        def __init__(self, *args: Any, tokenizer: Any, **more: Any) -> None:
            super().__init__(*args, processing_class=tokenizer, callbacks=[Turns(baton)], **more)

    transformers.Trainer = Trainer


def shim_rest() -> None:
    """Call after it is imported: compute_loss is given an argument more today; no GPU; no wandb run."""
    import w2s.model
    import w2s.sft
    from transformers import AutoModelForSequenceClassification as Auto

    theirs = w2s.sft.CustomLossTrainer.compute_loss
    w2s.sft.CustomLossTrainer.compute_loss = lambda self, model, inputs, return_outputs=False, **_: theirs(
        self, model, inputs, return_outputs
    )
    w2s.sft.clear_mem = lambda: None
    w2s.sft.get_gpu_mem_used = lambda: 0.0
    w2s.sft.wandb = SimpleNamespace(config={}, finish=lambda: None)
    w2s.model.AutoModelForSequenceClassification = SimpleNamespace(
        from_pretrained=lambda name, torch_dtype, **_: Auto.from_pretrained(name, dtype=torch_dtype)
    )


class Eleuther:
    """A new model for each training, as in its run.py; no evaluations and checkpoints on the way."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def teacher(self) -> tuple[Sequence[float], float]:
        items, asked = self._job.items("teacher"), _data(self._job.items("student"))
        right = self._train("weak", TEACHER, _data(items), loss="xent", predict={"train": asked})
        from datasets import load_from_disk

        return list(load_from_disk(str(self._folder(TEACHER) / "predictions" / "train"))["soft_pred"]), right

    def student(self, name: str, labels: Sequence[float], *, confidence: bool) -> float:
        data = _data(self._job.items("student"), labels)
        return self._train("strong", name, data, loss="logconf" if confidence else "xent")

    def _train(
        self, role: str, name: str, data: "Dataset", *, loss: str, predict: "dict[str, Dataset] | None" = None
    ) -> float:
        """Accuracy on the test."""
        import torch
        from datasets import DatasetDict
        from transformers import TrainingArguments
        from w2s.loss import LOSS_CONFIGS
        from w2s.model import ModelConfig
        from w2s.sft import train
        from w2s.sft_config import SFTConfig

        torch.manual_seed(self._job.seed)
        test = _data(self._job.items("test"))
        train(
            DatasetDict({"train": data, "val": test.select(range(self._job.batch)), "test": test}),
            ModelConfig(name=self._job.model(role), enable_lora=True),
            TrainingArguments(**arguments(self._job, self._folder(name))),
            SFTConfig(loss=LOSS_CONFIGS[loss](), batch_size=self._job.batch).to_dict(),
            transfer=loss == "logconf",
            predict_dict=predict,
        )
        return float(json.loads((self._folder(name) / "results.json").read_text())["eval_accuracy"])

    def _folder(self, name: str) -> Path:
        return Path(self._job.folder) / "eleuther" / name


def _data(items: Sequence[Item], labels: Sequence[float] | None = None) -> "Dataset":
    """Rows of the true labels, or of others."""
    from datasets import Dataset

    right = [float(item.label) for item in items]
    return Dataset.from_dict(
        {"txt": [item.text for item in items], "labels": right if labels is None else list(labels), "gt_labels": right}
    )


def main() -> None:
    baton, job = Baton(), job_of(sys.argv[1])
    shim(baton)
    import_module("w2s.sft")

    shim_rest()
    play(Eleuther(job), job, baton)


if __name__ == "__main__":
    main()
