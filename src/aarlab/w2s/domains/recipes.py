"""How texts become features: template, layers and the zero-shot prior of each domain."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from aarlab.w2s.backends.features import GroupFeatures
from aarlab.w2s.domains.pool import FloatArray

PriorRule = Literal["sum", "mean", "pmi"]
"""log p(response | prompt): its sum, its mean over tokens, or its sum minus that without the prompt."""


@dataclass(frozen=True)
class Recipe:
    """Settings of a domain. Changing one changes its features: rebuild the shipped files then."""

    weak_layer: int
    """0 to 30; what the weak teacher reads."""
    strong_layer: int
    """0 to 30; what the strong student reads."""
    prior: PriorRule
    """Where the strong model's own opinion comes from."""
    separator: str = " "
    """Between "Answer:" and the response."""

    def response(self, text: str) -> str:
        """A response as it continues the prompt."""
        return self.separator + text


RECIPES = {
    "chat": Recipe(weak_layer=8, strong_layer=16, prior="pmi"),
    "math": Recipe(weak_layer=8, strong_layer=20, prior="sum"),
    "code": Recipe(weak_layer=8, strong_layer=20, prior="mean", separator="\n"),
}


def prompt_text(question: str) -> str:
    """The template of all domains."""
    return f"Question: {question}\nAnswer:"


def evidence(features: GroupFeatures, rule: PriorRule) -> FloatArray:
    """[k] how much the model by itself favours each response, nats (per token for "mean")."""
    if rule == "pmi":
        return np.asarray(features.loglik - features.base, np.float32)
    if rule == "mean":
        return np.asarray(features.loglik / features.tokens, np.float32)
    return features.loglik
