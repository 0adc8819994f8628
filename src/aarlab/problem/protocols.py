"""Which protocols a problem can serve, decided before anything of a study is written."""

from aarlab.errors import UserError
from aarlab.problem.contract import Direct, Problem
from aarlab.settings import StudyConfig

FEWEST = 2
"""Files of one submission from which an interval can be made."""


def under_protocol(problem: Problem, config: StudyConfig) -> Problem:
    """The problem as `verify.protocol` wants it. Raises UserError when it cannot serve it or dev.seeds is too few."""
    protocol = config.verify.protocol
    if protocol == "method":
        return problem
    if not isinstance(problem, Direct):
        raise UserError(
            f'verify.protocol = "{protocol}": the problem {problem.card().name} can only grade methods; '
            'set it to "method"'
        )
    if config.dev.seeds < FEWEST:
        raise UserError(
            f'verify.protocol = "{protocol}" makes a row from dev.seeds files, and an interval needs at least '
            f"{FEWEST}; dev.seeds is {config.dev.seeds}"
        )
    return problem.under(protocol)
