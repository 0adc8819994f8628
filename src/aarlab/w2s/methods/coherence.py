"""Internal coherence maximisation: the labelling of which every label follows from the others."""

import numpy as np

from aarlab.w2s.fit import L2
from aarlab.w2s.methods import final, labels
from aarlab.w2s.methods.settings import one_of
from aarlab.w2s.task import Floats, Task
from aarlab.w2s.tuned import AnyStudent


def coherence(
    task: Task,
    *,
    seed: int,
    start: str = "prior",
    shots: int = 64,
    passes: int = 4,
    weight: float = 50.0,
    hottest: float = 10.0,
    cooling: float = 10.0,
    l2: float = L2,
) -> AnyStudent:
    """Few-shot elicitation by simulated annealing over labels (internal coherence maximisation, Wen et al. 2025).

    Maximises U = `weight` * mean log P(y_i | x_i, the other labels) - inconsistencies. P comes from the leave-one-out
    answers of a ridge probe, exact in one step for any change of a label, in place of a language model with the others
    in its context. The most confident `shots` of `start` ("prior" or "teacher") are given; then `passes` times over
    the items: propose for an item the label that the others predict, accept it with probability exp(dU / T), T =
    `hottest` / (1 + `cooling` ln(1 + step)). Swaps of pairs are consistent by construction; for single answers the
    inconsistency is the share of class 1 against the teacher's. `l2` penalty of both probes; `seed` orders proposals.
    """
    one_of("start", start, ("prior", "teacher"))
    first = labels.prior(task, hard=False) if start == "prior" else labels.teacher(task)
    search = _Search(task, first, shots=shots, weight=weight, l2=l2)
    rng = np.random.default_rng(seed)
    for step, item in enumerate(i for _ in range(passes) for i in rng.permutation(task.items)):
        search.propose(int(item), hottest / (1 + cooling * np.log1p(step)), rng.random())
    found = labels.matched(task, 0.5 + 0.5 * np.tanh(search.answers()), like=task.hard)
    known = search.signs != 0
    target = np.where(known, (search.signs + 1) / 2, (found > 0.5).astype(np.float64))
    return final.student(task, target, l2=l2, seed=seed)


class _Search:
    """Labels as -1, +1 or 0 for none yet, and what the probe on all others says of each."""

    def __init__(self, task: Task, first: Floats, *, shots: int, weight: float, l2: float) -> None:
        hidden = task.hidden.astype(np.float64)
        inner = hidden.T @ hidden + task.items * 2 * l2 * 4 * np.eye(task.dimension)  # 4: curvature of the logistic
        self._hat = hidden @ np.linalg.solve(inner, hidden.T)
        self._own = np.diagonal(self._hat).copy()
        chosen = np.argsort(-np.abs(first - 0.5), kind="stable")[:shots]
        self.signs = np.zeros(task.items)
        self.signs[chosen] = np.where(first[chosen] > 0.5, 1.0, -1.0)
        self._fitted = self._hat @ self.signs
        self._weight = weight
        self._rate = None if task.antisymmetric else 2 * float(task.hard.mean()) - 1
        self._utility = self._value(self._fitted, self.signs)

    def answers(self) -> Floats:
        """[n] leave-one-out answers, at unit size."""
        return labels.scaled((self._fitted - self._own * self.signs) / (1 - self._own))

    def _value(self, fitted: Floats, signs: Floats) -> float:
        known = signs != 0
        others = labels.scaled((fitted - self._own * signs) / (1 - self._own))
        likelihood = -float(np.logaddexp(0, -2 * signs[known] * others[known]).mean())
        broken = 0.0 if self._rate is None else abs(float(signs.sum()) - self._rate * float(known.sum()))
        return self._weight * likelihood - broken

    def propose(self, item: int, temperature: float, luck: float) -> None:
        """Gives an item the label that the others predict, if the utility or luck allows."""
        now = self.signs[item]
        label = 1.0 if self._fitted[item] - self._own[item] * now > 0 else -1.0
        if label == now:
            return
        fitted = self._fitted + (label - now) * self._hat[item]
        signs = self.signs.copy()
        signs[item] = label
        utility = self._value(fitted, signs)
        if luck < np.exp(min(0.0, (utility - self._utility) / temperature)):
            self._fitted, self.signs, self._utility = fitted, signs, utility
