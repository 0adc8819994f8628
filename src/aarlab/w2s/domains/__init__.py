"""Domains of weak-to-strong: pools of labelled items, embedded ones and the user's own texts."""

from aarlab.w2s.domains.embedded import EMBEDDED, load_embedded
from aarlab.w2s.domains.pool import ANY, TEST, TRAIN_LABEL, TRAIN_UNLABEL, Pool

__all__ = ["ANY", "EMBEDDED", "TEST", "TRAIN_LABEL", "TRAIN_UNLABEL", "Pool", "load_embedded"]
