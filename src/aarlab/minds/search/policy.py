"""What to send to verify, and when: verifications are few and cost the lab whole trainings."""

from aarlab.minds.protocol import Share
from aarlab.minds.search.memory import Memory, Trial
from aarlab.minds.search.space import led_by_teacher

MARGIN = 0.01
"""Dev answers are coarse: a smaller lead over what was verified last is likely to be noise."""
NEAR = 0.02
"""At the end, methods so close to the best may be better in truth."""


KEPT = 2
"""Verifications kept for the end: for the best, and for the best that is led by the teacher."""


def due(memory: Memory, share: Share) -> Trial | None:
    """The method to verify now, while more than those for the end are left."""
    best = memory.best
    if best is None or best.verify or share.verifications - len(memory.sent) <= KEPT:
        return None
    if not memory.sent:
        return best if len(memory.scored) >= max(3, share.dev_answers // 2) else None
    lead = (best.answer or 0.0) - max(trial.answer or 0.0 for trial in memory.sent)
    return best if lead >= MARGIN else None


def finalists(memory: Memory, share: Share) -> list[Trial]:
    """What to verify at the end, as the share goes: the best, the best led by the teacher, what is near the best.

    Methods that do not respond to the teacher are listed apart on the board, and dev cannot tell them from others.
    """
    scored = memory.scored
    own = [trial for trial in scored if led_by_teacher(trial.recipe)][:1]
    near = [trial for trial in scored if (scored[0].answer or 0.0) - (trial.answer or 0.0) <= NEAR]
    chosen = dict.fromkeys(trial.number for trial in (*scored[:1], *own, *near) if not trial.verify)
    return [memory.trials[number] for number in chosen][: max(0, share.verifications - len(memory.sent))]
