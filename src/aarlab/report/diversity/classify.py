"""Which of the eleven method families a method's code belongs to, by what it calls: a check of the proposal's own tag.

Rules over the syntax, never run: a name of the kit that stands for a family (`rounds.self_training`, METHODS["ccs"]),
or, in code of somebody's own, words in the names that it defines and calls. The most particular family wins.
"""

import ast
import re
from collections.abc import Iterator, Mapping

from aarlab.integrity.code import code_of, nodes_of, parse

UNKNOWN = "unknown"
"""No rule applies: the code is no Python, or says nothing."""
RULES: tuple[tuple[str, str], ...] = (
    ("evolutionary", r"evolution|genetic|mutat(e|ion)|crossover|cma_?es|antithetic"),
    ("curriculum", r"curriculum|easy_first|pacing|staged"),
    ("unsupervised elicitation", r"mutual_predictability|coherence|\bccs\b|few_shot|contrast_consisten|elicit"),
    ("self-training", r"self_train|pseudo_?label|bootstrapping|born_again|\brelabel"),
    ("loss function", r"auxiliary_confidence|product_confidence|reverse_kl|label_smooth|early_stop|focal|bce|loss_fn"),
    ("confidence weighting", r"by_confidence|confidence_weight|reweight|importance_weight"),
    (
        "data filtering",
        r"\bselect\b|confident_only|overlap_density|co_teaching|agree(ment)?\b|filter|\bkept\b",
    ),
    ("unsupervised elicitation", r"\blabels\.prior\b|zero_shot"),
    ("ensemble", r"resampled|ensemble|bagg(ed|ing)|n_heads|vote"),
    ("model internal", r"mean_difference|low_rank|projected|principal|\bpca\b|\bsvd\b|\beigh"),
    ("distillation", r"labels\.student|labels\.teacher|distil|soft_labels|vanilla|task\.teacher"),
    ("other", r"labels\.product|em_posterior|neighbours|dawid|noisy_channel|critic"),
)
"""Family and what in the names of a method's code speaks for it, most particular first, as in the study's own tags."""
_COMPILED = tuple((family, re.compile(pattern, re.I)) for family, pattern in RULES)
_KIT = "METHODS"


def family_of(files: Mapping[str, str]) -> str:
    """The family that the code of a method speaks for."""
    names = [name for _, text in code_of(files) for name in _names(text)]
    return next((family for family, rule in _COMPILED if any(rule.search(name) for name in names)), UNKNOWN)


def _names(text: str) -> Iterator[str]:
    """Dotted names that code calls or reads, functions that it defines, and names in METHODS[...]."""
    tree = parse(text)
    for node in nodes_of(tree)[0] if tree is not None else ():
        if isinstance(node, ast.Call):
            yield _dotted(node.func)
        elif isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Attribute):
            yield _dotted(node)
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == _KIT:
            yield str(node.slice.value) if isinstance(node.slice, ast.Constant) else ""


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([*([node.id] if isinstance(node, ast.Name) else []), *reversed(parts)])
