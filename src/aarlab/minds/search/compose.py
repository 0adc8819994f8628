"""From a recipe to a method folder that a person can read: method.py, config.json, README.md."""

import re

from aarlab.canonical import canonical_json
from aarlab.minds.search.parts import against, steps
from aarlab.minds.search.space import MOVING, Recipe

_STANDARD = {"replace": "from dataclasses import replace", "np": "import numpy as np"}

_METHODS = ("heads", "labels", "rounds", "select")

_OTHERS = {
    "sigmoid": "from aarlab.w2s.fit import sigmoid",
    "auxiliary_confidence": "from aarlab.w2s.methods.auxiliary_confidence import auxiliary_confidence",
    "product_confidence": "from aarlab.w2s.methods.auxiliary_confidence import product_confidence",
    "mean_difference": "from aarlab.w2s.methods.simple import mean_difference",
}

_PROJECTED = '''

def projected(task: Task, *, rank: int) -> Task:
    """The same task with its features in the span of their `rank` largest principal components."""
    moments = (task.hidden.T @ task.hidden).astype(np.float64)
    vectors = np.linalg.eigh(moments)[1][:, -rank:]
    return replace(task, hidden=(task.hidden @ vectors @ vectors.T).astype(np.float32))
'''

_KEPT = '''

def kept(task: Task, rows: np.ndarray) -> Task:
    """The task of some of the items."""
    return replace(task, hidden=task.hidden[rows], teacher=task.teacher[rows], prior=task.prior[rows])
'''


def title(recipe: Recipe) -> str:
    """One line that names the method; different recipes have different titles."""
    words = ", ".join(step.words for step in steps(recipe))
    return f"{words[0].upper()}{words[1:]}, L2 {recipe.l2:g}"


def family(recipe: Recipe) -> str:
    """Which of the eleven families the recipe belongs to, by what is most particular about it."""
    rules = (
        (recipe.refine == "mutual", "unsupervised elicitation"),
        (recipe.refine == "self-training", "self-training"),
        (recipe.loss in MOVING, "loss function"),
        (recipe.select == "weighted", "confidence weighting"),
        (recipe.select != "everything", "data filtering"),
        (recipe.source in ("prior", "prior soft"), "unsupervised elicitation"),
        (recipe.heads > 1, "ensemble"),
        (recipe.source == "mean difference" or recipe.rank > 0, "model internal"),
        (recipe.source in ("teacher soft", "student"), "distillation"),
    )
    return next((name for applies, name in rules if applies), "other")


def files(recipe: Recipe, *, why: str) -> dict[str, str]:
    """The files of the method. `why` goes into the README, which holds no results."""
    return {
        "method.py": method(recipe),
        "config.json": canonical_json(recipe.plain()).decode() + "\n",
        "README.md": proposal(recipe, why=why),
    }


def proposal(recipe: Recipe, *, why: str) -> str:
    """The results-free description that is frozen before the first scored run."""
    listed = "\n".join(f"{number}. {step.words}" for number, step in enumerate(steps(recipe), 1))
    return (
        f"# {title(recipe)}\n\n## What is done\n\n{listed}\n\nL2 penalty {recipe.l2:g}.\n\n"
        f"## Why\n\n{why}\n\n## What would speak against it\n\n{against(recipe)}\n"
    )


def method(recipe: Recipe) -> str:
    """The source of method.py."""
    body = "\n".join(f"    {line}" for step in steps(recipe) for line in (f"# {step.words}", *step.code))
    helpers = (_PROJECTED if recipe.rank else "") + (_KEPT if "kept(" in body else "")
    head = f'"""{title(recipe)}."""\n\n{_imports(helpers + body)}\n'
    return f"{head}{helpers}\n\ndef train(task: Task, *, seed: int) -> Student:\n{body}\n"


def _imports(code: str) -> str:
    """Exactly the imports that the code needs, in the usual order."""

    def used(name: str) -> bool:
        return re.search(rf"\b{name}\b", code) is not None

    standard = [line for name, line in _STANDARD.items() if used(name)]
    modules = [name for name in _METHODS if used(rf"{name}\.")]
    own = [line for name, line in _OTHERS.items() if used(rf"{name}\(")]
    own.append(f"from aarlab.w2s.methods import {', '.join(modules)}")
    own += ["from aarlab.w2s.student import Student", "from aarlab.w2s.task import Task"]
    return "\n\n".join([*standard, "\n".join(sorted(own))])
