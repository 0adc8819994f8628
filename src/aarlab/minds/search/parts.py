"""The parts of a method, each in words for people and as lines of train() for Python."""

from dataclasses import dataclass

from aarlab.minds.search.space import MOVING, Recipe


@dataclass(frozen=True)
class Step:
    """One step of a method."""

    words: str
    """A few words."""
    code: tuple[str, ...]
    """Lines of the body of train()."""


SOURCES = {
    "teacher": ("the teacher's hard labels", "labels.teacher(task, hard=True)"),
    "teacher soft": ("the teacher's probabilities", "labels.teacher(task)"),
    "prior": ("zero-shot labels", "labels.prior(task)"),
    "prior soft": ("zero-shot probabilities", "labels.prior(task, hard=False)"),
    "product": ("teacher x prior", "labels.product(task)"),
    "student": (
        "cross-fitted students of the teacher",
        "labels.student(task, labels.teacher(task, hard=True), l2={l2}, seed=seed)",
    ),
    "em": ("noisy-channel posterior", "labels.em_posterior(task, l2={l2}, seed=seed)"),
    "mean difference": (
        "difference of class means",
        "sigmoid(labels.scaled(mean_difference(task, seed=seed).predict(task.hidden)))",
    ),
}

REFINEMENTS = {
    "self-training": ("self-training", "rounds.self_training"),
    "mutual": ("mutual predictability", "rounds.mutual_predictability"),
}

SELECTIONS = {
    "confident": ("confident items", "select.confident(task, target)"),
    "half": ("the more confident half", "select.top(task, target, share=0.5)"),
    "agree": ("items where teacher and prior agree", "select.agree(labels.teacher(task), labels.prior(task))"),
    "co-teaching": ("items kept by co-teaching", "rounds.co_teaching(task, target, l2={l2}, seed=seed)"),
    "weighted": ("items weighted by confidence", "select.by_confidence(target)"),
}

LOSSES = {
    "auxiliary": ("auxiliary confidence loss", "auxiliary_confidence"),
    "product": ("product confidence loss", "product_confidence"),
}

AGAINST = {
    "prior": "The strong model's own opinion may be wrong in the same way everywhere, and nothing here corrects it.",
    "refined": "Refinement sharpens whatever direction is salient in the features, which need not be the truth.",
    "selected": "What is kept may be easy rather than right.",
    "moving": "A student that trusts itself early may only harden the teacher's mistakes.",
    "plain": "The student may copy the teacher's mistakes as well as its knowledge.",
}


def steps(recipe: Recipe) -> list[Step]:
    """What the method does, in order."""
    every = (_subspace(recipe), _source(recipe), _smoothing(recipe), _refinement(recipe), _selection(recipe))
    return [step for step in (*every, _fit(recipe)) if step.code]


def against(recipe: Recipe) -> str:
    """What would speak against the method, in words that hold no result."""
    rules = (
        (recipe.refine != "none", "refined"),
        (recipe.source in ("prior", "prior soft"), "prior"),
        (recipe.loss in MOVING, "moving"),
        (recipe.select != "everything", "selected"),
    )
    return AGAINST[next((name for applies, name in rules if applies), "plain")]


def _subspace(recipe: Recipe) -> Step:
    if not recipe.rank:
        return Step("", ())
    return Step(f"{recipe.rank} principal components", (f"task = projected(task, rank={recipe.rank})",))


def _source(recipe: Recipe) -> Step:
    words, code = SOURCES[recipe.source]
    return Step(words, (f"target = {code.format(l2=recipe.l2)}",))


def _smoothing(recipe: Recipe) -> Step:
    if not recipe.smooth:
        return Step("", ())
    words = f"averaged over {recipe.smooth} neighbours"
    return Step(words, (f"target = labels.neighbours(task, target, k={recipe.smooth})",))


def _refinement(recipe: Recipe) -> Step:
    if recipe.refine == "none":
        return Step("", ())
    words, name = REFINEMENTS[recipe.refine]
    call = f"target = {name}(task, target, rounds={recipe.rounds}, l2={recipe.l2}, seed=seed)"
    return Step(f"{words} x{recipe.rounds}", (call,))


def _selection(recipe: Recipe) -> Step:
    if recipe.select == "everything":
        return Step("", ())
    words, code = SELECTIONS[recipe.select]
    return Step(words, (f"weight = {code.format(l2=recipe.l2)}",))


def _fit(recipe: Recipe) -> Step:
    return _moving_fit(recipe) if recipe.loss in MOVING else _plain_fit(recipe)


def _moving_fit(recipe: Recipe) -> Step:
    words, name = LOSSES[recipe.loss]
    relabelled = "replace(task, teacher=target.astype(np.float32), strong=None)"  # heads, as for every other recipe
    lines = [f"task = {relabelled}"]
    if recipe.select != "everything":
        lines.append("task = kept(task, weight > 0)")
    return Step(words, (*lines, f"return {name}(task, l2={recipe.l2}, seed=seed)"))


def _plain_fit(recipe: Recipe) -> Step:
    arguments = ["weight=weight"] if recipe.select != "everything" else []
    arguments += [f"l2={recipe.l2}"]
    fit = "heads.linear"
    if recipe.heads > 1:
        fit, arguments = "heads.resampled", [*arguments, f"heads={recipe.heads}", "seed=seed"]
    harden = ("target = (target > 0.5).astype(np.float64)",) if recipe.loss == "hard" else ()
    words = [f"{recipe.loss} targets"]
    words += [f"{recipe.heads} resampled heads"] if recipe.heads > 1 else []
    return Step(", ".join(words), (*harden, f"return {fit}(task, target, {', '.join(arguments)})"))
