"""A scorer that trusts everybody: exact answers, any split, self-reported metrics, code and pickles run in process.

It ships so that each attack is seen to work somewhere. Nothing of the lab uses it.
"""

from aarlab.redteam.naive_host import NaiveHost


class NaiveScorer(NaiveHost):
    """Grown together with the attacks."""
