"""What to send to verify, and when: verifications are few and cost the lab whole trainings."""

from aarlab.minds.protocol import Share
from aarlab.minds.search.memory import Memory, Trial

MARGIN = 0.01
"""Dev answers are coarse: a smaller lead over what was verified last is likely to be noise."""
NEAR = 0.02
"""At the end, methods so close to the best may be better in truth."""


def due(memory: Memory, share: Share) -> Trial | None:
    """The method to verify now, with one verification kept for the end."""
    best = memory.best
    if best is None or best.verify or share.verifications - len(memory.sent) < 2:
        return None
    if not memory.sent:
        return best if len(memory.scored) >= max(3, share.dev_answers // 2) else None
    lead = (best.answer or 0.0) - max(trial.answer or 0.0 for trial in memory.sent)
    return best if lead >= MARGIN else None


def finalists(memory: Memory, share: Share) -> list[Trial]:
    """What to verify at the end, best first: the best, and what is near it, as far as the share goes."""
    left = share.verifications - len(memory.sent)
    best = memory.best
    if best is None or left <= 0:
        return []
    near = [trial for trial in memory.scored if (best.answer or 0.0) - (trial.answer or 0.0) <= NEAR]
    return [trial for trial in near if not trial.verify][:left]
