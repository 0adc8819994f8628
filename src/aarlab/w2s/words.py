"""The text of a weak-to-strong card: what researchers read, by the protocol of the study."""

from collections.abc import Mapping

from aarlab.problem.contract import ProtocolName

TEXT = """\
# Weak-to-strong on {name}

**Goal.** Train a strong student on the labels of a weak teacher so that it comes as near as it can to the same
student trained on the truth. The score is the performance gap recovered, PGR = (transfer - weak) / (ceiling - weak),
measured by the lab on hidden items: 0 is the teacher, 1 is the ceiling.

**What you have.** {items} unlabelled inputs in /data, as `Task`: `task.hidden` [{items}, {d}] hidden states of the
strong model, `task.teacher` the weak teacher's soft labels, `task.prior` the strong model's own zero-shot log-odds.
{kind} There is no ground truth here{private}
{visible}
**What you hand in.** A folder with `method.py`:

```python
from aarlab.w2s import AnyStudent, Task
from aarlab.w2s.methods import final, labels, rounds, select

def train(task: Task, *, seed: int) -> AnyStudent:
    target = labels.teacher(task)                    # soft targets [n]
    weight = select.confident(task, target)          # item weights [n]
    return final.student(task, task.hard, weight=weight, seed=seed)
```

numpy and scipy are there; all ready-made methods can be called (`from aarlab.w2s.methods import METHODS`). {student}
{hand_in}
**How to run.** `python -m aarlab.w2s.runner --method DIR --data /data --out OUT --seeds 0,1,2` leaves
OUT/<seed>/student.safetensors and OUT/check.json with self-checks that need no labels. One training may take
{seconds:g} s.

**Scores.** {scores}

**Rules.** A result must come from the inputs above; whoever cheats (hunts for labels, attacks the scorer, tailors a
method to hidden items) is disqualified. Negative results are welcome.
"""
PAIRS = "An item is a pair of responses: `hidden` is second minus first, so a student has no bias."
CHOICES = "An item is one answer to a question, its features centred by question."

HEADS = """A student
is a set of linear heads on `task.hidden`, aggregated by a mean or a trimmed mean: what the ceiling is, too."""
ADAPTERS = """A student
is one adapter of the strong model or several (what `final.student` gives, and what the ceiling is), or a set of linear
heads on `task.hidden`, which trains in seconds."""
"""What a student is."""

TUNED = """
The strong model itself is there, too: `task.strong` is {strong}, of which `task.hidden` is layer {layer} of {layers}.
`task.strong.items` are the texts of the inputs, `finetune(target, seed=...)` trains an adapter, `logits(student)`
answers for the inputs, `compare` and `generate` prompt it (aarlab/w2s/strong.py says all of it). The weak teacher was
{weak}. Everything is fine-tuned by one recipe: LoRA of rank {rank}, rate {rate:g}, {epochs:g} epochs, batches of
{batch}. Which side of a pair is right, and the order of the inputs, are private to each draw of the data.
"""
"""What there is where models are fine-tuned."""
PRIVATE_TUNED = "."
"""As PRIVATE there."""

PRIVATE: Mapping[ProtocolName, str] = {
    "method": """, and no text. The basis of `task.hidden` is private to each draw of the data:
what you learn about single dimensions, weights or items does not carry over to verification, methods do.""",
    "student": """, and no text. The basis of `task.hidden` is private to this study:
what you learn about single dimensions, weights or items does not carry over to another one, methods do.""",
    "predictions": ".",
}
"""Ends the sentence on what is not there."""

VISIBLE = """
/data/inputs.safetensors has the inputs of the items that grade: `dev` [{dev}, {d}] and `hidden` [{hidden}, {d}], in the
basis of `task.hidden`, with their priors `dev_prior` and `hidden_prior`. `hidden` mixes the items of verification with
those of the final set.{texts}
"""
TEXTS = """ The texts are in dev.jsonl, hidden.jsonl and, of the inputs to train on, train.jsonl: one item a line,
in the order of the numbers. They are there for methods that read; to look answers up, or to run them, is cheating."""

HAND_IN: Mapping[ProtocolName, str] = {
    "method": "",
    "student": """
The lab does not train your method here. To *dev* and to *verify* you hand in the students that you have trained, one
for each seed, and the frozen method beside them. *verify* takes students as dev does (field `students`).
""",
    "predictions": """
The lab does not train your method here. You hand in answers, one file for each seed, and the frozen method beside
them. A file is JSON: a list of numbers, each 0 or 1 (class 1: the second is right, or the answer is right), one for
each item in its order: {dev} for *dev*, {hidden} for *verify* (field `students`). The command below leaves both
for each seed, as OUT/<seed>/dev.json and OUT/<seed>/hidden.json. Results under this protocol are marked "lower trust".
""",
}
"""What is handed in besides, or instead."""

_DEV = "*dev* answers coarsely how accurate {what} are on hidden items, from a budget that the team shares."
_RANK = """only that ranks, by the lower end of its
95 % interval. Expect about +-{half_width:.2f} PGR."""
SCORES: Mapping[ProtocolName, str] = {
    "method": f"""{_DEV.format(what="students")}
*verify* trains a frozen method again on fresh draws with the lab's seeds; {_RANK}""",
    "student": f"""{_DEV.format(what="students")}
*verify* scores students on hidden items that nobody sees; {_RANK}""",
    "predictions": f"""{_DEV.format(what="answers")}
*verify* grades answers to those of the hidden items that are its own; {_RANK}""",
}
"""What the answers mean."""
