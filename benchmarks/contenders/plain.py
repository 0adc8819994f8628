"""transformers.Trainer with PEFT and a classification head, as their documentation has it: what others build on.

With --by-length its batches are of similar lengths, as ours are; few use that.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, TaskType, get_peft_model
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from benchmarks.contenders.baton import Baton
from benchmarks.contenders.job import Item, Job, job_of, play, shares_right


class Turns(TrainerCallback):  # type: ignore[misc]
    """Passes the baton on after each step."""

    def __init__(self, baton: Baton) -> None:
        self._baton = baton

    def on_step_end(self, *_args: object, **_more: object) -> None:
        self._baton.step()


def arguments(job: Job, folder: Path) -> dict[str, Any]:
    """Of a Trainer: our recipe, and nothing done on the way that the experiment does not need."""
    return {
        "output_dir": str(folder),
        "num_train_epochs": job.epochs,
        "per_device_train_batch_size": job.batch,
        "per_device_eval_batch_size": job.batch,
        "learning_rate": job.rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": 0.1,
        "adam_beta2": 0.95,
        "weight_decay": 0.0,
        "seed": job.seed,
        "label_names": ["labels"],
        "eval_strategy": "no",
        "save_strategy": "no",
        "logging_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": True,
    }


def soft_loss(outputs: Any, labels: Any, num_items_in_batch: object = None) -> Any:
    """Mean cross-entropy with P(right) as target."""
    del num_items_in_batch
    return torch.nn.functional.cross_entropy(outputs.logits, torch.stack([1 - labels, labels], dim=1))


class Plain:
    """A new model for each training."""

    def __init__(self, job: Job, baton: Baton, *, by_length: bool) -> None:
        self._job, self._baton = job, baton
        self._sampling = "group_by_length" if by_length else "random"

    def teacher(self) -> tuple[Sequence[float], float]:
        items, test = self._job.items("teacher"), self._job.items("test")
        trainer = self._train("weak", items, [float(item.label) for item in items])
        odds = self._odds(trainer, self._job.items("student"))
        return torch.sigmoid(odds).tolist(), shares_right(self._odds(trainer, test).tolist(), test)

    def student(self, name: str, labels: Sequence[float], *, confidence: bool) -> float:
        del name, confidence
        test = self._job.items("test")
        trainer = self._train("strong", self._job.items("student"), labels)
        return shares_right(self._odds(trainer, test).tolist(), test)

    def _train(self, role: str, items: Sequence[Item], labels: Sequence[float]) -> Trainer:
        torch.manual_seed(self._job.seed)
        tokenizer = AutoTokenizer.from_pretrained(self._job.model(role))
        model = AutoModelForSequenceClassification.from_pretrained(self._job.model(role), num_labels=2)
        model.config.pad_token_id = tokenizer.pad_token_id
        rank = self._job.rank
        config = LoraConfig(r=rank, lora_alpha=rank, target_modules="all-linear", task_type=TaskType.SEQ_CLS)
        chosen = arguments(self._job, Path(self._job.folder) / "plain")
        trainer = Trainer(
            model=get_peft_model(model, config),
            args=TrainingArguments(**chosen, train_sampling_strategy=self._sampling),
            train_dataset=_rows(tokenizer, items, labels),
            data_collator=DataCollatorWithPadding(tokenizer),
            processing_class=tokenizer,
            compute_loss_func=soft_loss,
            callbacks=[Turns(self._baton)],
        )
        trainer.train()
        return trainer

    def _odds(self, trainer: Trainer, items: Sequence[Item]) -> torch.Tensor:
        """[n] log-odds of "right"."""
        trainer.args.train_sampling_strategy = "random"  # by length its answers would come in another order, too
        rows = _rows(trainer.processing_class, items, [float(item.label) for item in items])
        logits = torch.from_numpy(trainer.predict(rows).predictions)
        return logits[:, 1] - logits[:, 0]


def _rows(tokenizer: Any, items: Sequence[Item], labels: Sequence[float]) -> list[Mapping[str, Any]]:
    read = tokenizer([item.text for item in items])["input_ids"]
    return [{"input_ids": ids, "labels": label} for ids, label in zip(read, labels, strict=True)]


def main() -> None:
    baton, job = Baton(), job_of(sys.argv[1])
    play(Plain(job, baton, by_length="--by-length" in sys.argv), job, baton, confidence=False)


if __name__ == "__main__":
    main()
