"""Combining the teacher with the strong model's own prior."""

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final, labels, select
from aarlab.w2s.methods.settings import one_of
from aarlab.w2s.task import Task
from aarlab.w2s.tuned import AnyStudent

WAYS = ("prior", "student", "product")


def agreement(task: Task, *, seed: int, way: str = "prior", sharpness: float = 3.0, l2: float = L2) -> AnyStudent:
    """Trusts what two sources say together.

    `way` "prior": keeps the items where teacher and zero-shot prior agree; "student": where the teacher agrees with
    heads cross-fitted on its own labels; "product": keeps all and trains on the product of teacher and prior, with
    `sharpness`. `l2` weight penalty of heads; `seed` makes the folds.
    """
    one_of("way", way, WAYS)
    weak = labels.teacher(task, hard=True)
    if way == "product":
        return final.student(task, labels.product(task, sharpness=sharpness), l2=l2, seed=seed)
    other = labels.prior(task) if way == "prior" else labels.student(task, weak, l2=l2, seed=seed)
    chosen = select.agree(weak, other)
    return final.student(task, weak, weight=chosen if chosen.any() else None, l2=l2, seed=seed)
