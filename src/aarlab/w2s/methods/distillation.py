"""Distillation beyond cross-entropy: reverse Kullback-Leibler divergence and born-again generations."""

from aarlab.w2s.fit import L2, log_odds, sigmoid
from aarlab.w2s.methods import final, labels
from aarlab.w2s.task import Floats, Task
from aarlab.w2s.tuned import AnyStudent


def reverse_kl(
    task: Task,
    *,
    seed: int,
    temperature: float = 1.0,
    epochs: int | None = None,
    rate: float = final.RATE,
    l2: float = L2,
) -> AnyStudent:
    """Minimises KL(p || w) instead of KL(w || p): the student seeks one of the teacher's modes, not to cover both.

    The gradient in the student's logit z is p (1 - p) (z - logit(w) / `temperature`): items of which the student is
    sure no longer pull. `epochs` of training (None: 15 for a head, the task's own for an
    adapter), `rate` and weight penalty `l2` of a head, `seed` orders the batches. Reverse KL in
    distillation: Gu et al. 2024 (MiniLLM); in weak-to-strong: arXiv 2502.11107.
    """

    def retarget(logits: Floats, target: Floats, _done: float) -> Floats:
        p = sigmoid(logits)
        return p - p * (1 - p) * (logits - log_odds(target) / temperature)  # p - this is the gradient above

    soft = labels.teacher(task)
    return final.moving(task, soft, retarget=retarget, seed=seed, epochs=epochs, rate=rate, l2=l2)


def born_again(task: Task, *, seed: int, turns: int = 3, sharpness: float = 4.0, l2: float = L2) -> AnyStudent:
    """Generations of equal students, each trained on its predecessor's soft labels (Furlanello et al. 2018).

    The first learns the teacher's hard labels; `turns` further ones learn sigmoid(sharpness * z), z the predecessor's
    logits at unit size: a penalised head is so unsure of itself that with `sharpness` below 1 nothing would be left to
    learn. `l2` weight penalty of heads, which are deterministic; `seed` is that of adapters, of which every
    generation is a training of its own.
    """
    target = task.hard
    for turn in range(turns):
        logits = final.logits(task, final.fitted(task, target, l2=l2, seed=seed + turn))
        target = labels.matched(task, sigmoid(sharpness * labels.scaled(logits)), like=task.hard)
    return final.student(task, target, l2=l2, seed=seed + turns)
