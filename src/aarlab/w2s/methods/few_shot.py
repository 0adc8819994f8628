"""Few-shot elicitation with the model itself: the labelling that its own in-context answers support."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from aarlab.w2s.fit import sigmoid
from aarlab.w2s.methods import final, labels, wording
from aarlab.w2s.methods.settings import one_of
from aarlab.w2s.task import Bools, Floats, Task
from aarlab.w2s.tuned import AnyStudent

Rows = npt.NDArray[np.int64]
CHUNK = 256
"""Items whose prompts are held in memory at a time."""


def few_shot(
    task: Task,
    *,
    seed: int,
    start: str = "prior",
    searched: int = 128,
    shots: int = 8,
    turns: int = 4,
    votes: int = 1,
    weight: float = 50.0,
    hottest: float = 10.0,
    cooling: float = 10.0,
) -> AnyStudent:
    """Internal coherence maximisation in context (Wen et al. 2025, arXiv 2506.10139): labels that explain each other.

    Of `searched` items, each is read by the model after `shots` others with their labels; z_i are the log-odds that it
    gives. Maximises U = `weight` * mean log P(y_i | x_i, its context) - inconsistencies by simulated annealing, `turns`
    times over the items: propose the label that the context predicts, accept it with probability exp(dU / T), T =
    `hottest` / (1 + `cooling` ln(1 + step)). Pairs are consistent as both orders are asked; two answers to one question
    that are both called right are an inconsistency, and a proposal repairs it. All other items are then read after
    `shots` of the half of the searched that is predicted best, in `votes` contexts each, and a student is trained on
    the labels.

    As published but for two savings: labels begin with those of `start` ("prior": zero-shot, or "teacher") for all
    searched items instead of growing from a few, and each item keeps one random context, so that a changed label is
    read again only where it stands in a context (about `shots` readings a proposal, remembered; pairs in both orders).
    Teacher-free but for the class balance of single answers. Runs with a model only. `seed` draws items, contexts and
    proposals.
    """
    one_of("start", start, ("prior", "teacher"))
    first = labels.prior(task) if start == "prior" else task.hard
    rng = np.random.default_rng(seed)
    search = _Search(task, _drawn(task, searched, rng), first > 0.5, rng, shots=shots, weight=weight)
    for step, place in enumerate(i for _ in range(turns) for i in rng.permutation(len(search.rows))):
        search.propose(int(place), hottest / (1 + cooling * np.log1p(step)), rng.random())
    answers = _everywhere(task, search, rng, shots=shots, votes=votes)
    target = (labels.matched(task, sigmoid(answers), like=task.hard) > 0.5).astype(np.float64)
    target[search.rows] = search.labels
    return final.student(task, target, seed=seed)


class _Search:
    """A labelling of some items, and what the model says of each after its context."""

    def __init__(
        self, task: Task, rows: Rows, first: Bools, rng: np.random.Generator, *, shots: int, weight: float
    ) -> None:
        self._task = task
        self._weight = weight
        self.rows = rows
        self.labels = first[rows]
        shots = min(shots, len(rows) - 1)
        others = [np.delete(np.arange(len(rows)), place) for place in range(len(rows))]
        self._context = np.stack([rng.choice(other, size=shots, replace=False) for other in others])
        self._swap = (rng.random(self._context.shape) < 0.5) & task.antisymmetric
        self._rivals = _rivals(task, rows)
        self._known: dict[tuple[int, bytes], float] = {}
        self.logits = self._read(np.arange(len(rows)), self.labels)
        self._utility = self._value(self.logits, self.labels)

    def propose(self, place: int, temperature: float, luck: float) -> None:
        """Gives an item the label that its context predicts, if the utility or luck allows."""
        wanted = bool(self.logits[place] > 0)
        if wanted == self.labels[place] and not (wanted and self.labels[self._rivals[place]].any()):
            return
        proposed = self.labels.copy()
        proposed[place] = wanted
        if wanted:
            proposed[self._rivals[place]] = False
        changed = np.flatnonzero(proposed != self.labels)
        readers = np.flatnonzero(np.isin(self._context, changed).any(axis=1))
        logits = self.logits.copy()
        logits[readers] = self._read(readers, proposed)
        utility = self._value(logits, proposed)
        if luck < np.exp(min(0.0, (utility - self._utility) / temperature)):
            self.logits, self.labels, self._utility = logits, proposed, utility

    def best(self) -> Rows:
        """Places of the half whose labels are predicted best."""
        sure = self.logits * np.where(self.labels, 1, -1)
        return np.argsort(-sure, kind="stable")[: max(2, len(sure) // 2)]

    def _read(self, places: Rows, given: Bools) -> Floats:
        """Log-odds of the items at `places` after their contexts, labelled as `given`; asked once, then remembered."""
        keys = [(int(place), given[self._context[place]].tobytes()) for place in places]
        new = [(place, key) for place, key in zip(places, keys, strict=True) if key not in self._known]
        contexts = [self.examples(self._context[place], self._swap[place], given=given) for place, _ in new]
        found = read(self._task, self.rows[[place for place, _ in new]], contexts) if new else np.empty(0)
        self._known.update(zip((key for _, key in new), found.tolist(), strict=True))
        return np.array([self._known[key] for key in keys])

    def examples(self, places: Rows, swaps: Bools, *, given: Bools) -> list[str]:
        """Searched items with their labels, pairs in the other order where `swaps` says so."""
        items = self._task.model.items
        return [
            wording.labelled(self._task, items[self.rows[place]], label=bool(given[place]), swap=bool(swap))
            for place, swap in zip(places, swaps, strict=True)
        ]

    def _value(self, logits: Floats, given: Bools) -> float:
        likelihood = -float(np.logaddexp(0, -logits * np.where(given, 1, -1)).mean())
        both = sum(bool(given[place]) and bool(given[rivals].any()) for place, rivals in self._rivals.items())
        return self._weight * likelihood - both / 2


def read(task: Task, rows: Rows, contexts: Sequence[Sequence[str]]) -> Floats:
    """[m] log-odds that the model gives the items `rows`, each after its context; of pairs both orders are asked."""
    items, words = [task.model.items[row] for row in rows], wording.words(task)
    prompts = [wording.question(item, after=after) for item, after in zip(items, contexts, strict=True)]
    straight = task.model.compare(prompts, words)
    if not task.antisymmetric:
        return straight
    prompts = [wording.question(wording.turned(item), after=after) for item, after in zip(items, contexts, strict=True)]
    both: Floats = (straight - task.model.compare(prompts, words)) / 2
    return both


def _everywhere(task: Task, search: _Search, rng: np.random.Generator, *, shots: int, votes: int) -> Floats:
    """[n] mean log-odds of all items, each after contexts of its own from the best of the search."""
    best, total = search.best(), np.zeros(task.items)
    for rows in np.array_split(np.arange(task.items), -(-task.items // CHUNK)):
        for _ in range(votes):
            chosen = [rng.choice(best, size=min(shots, len(best)), replace=False) for _ in rows]
            swaps = (rng.random((len(rows), len(chosen[0]))) < 0.5) & task.antisymmetric
            contexts = [search.examples(*each, given=search.labels) for each in zip(chosen, swaps, strict=True)]
            total[rows] += read(task, rows, contexts) / votes
    return total


def _drawn(task: Task, count: int, rng: np.random.Generator) -> Rows:
    """`count` random items; of single answers, if they fit, all to the same question."""
    if task.antisymmetric:
        return rng.permutation(task.items)[:count]
    same = list(_same([item[0] for item in task.model.items]).values())
    return np.concatenate([same[place] for place in rng.permutation(len(same))])[:count]


def _rivals(task: Task, rows: Rows) -> Mapping[int, Rows]:
    """Places of the other answers to the same question, by place."""
    if task.antisymmetric:
        return {place: np.empty(0, dtype=np.int64) for place in range(len(rows))}
    same = _same([task.model.items[row][0] for row in rows])
    return {int(place): np.setdiff1d(places, [place]) for places in same.values() for place in places}


def _same(questions: Sequence[str]) -> Mapping[str, Rows]:
    """Where each question stands."""
    found: dict[str, list[int]] = {}
    for place, question in enumerate(questions):
        found.setdefault(question, []).append(place)
    return {question: np.array(places) for question, places in found.items()}
