"""The detectors by name, each a small module. None of them decides: a person does."""

from collections.abc import Mapping

from aarlab.integrity.case import Case, Detector, Suspicion
from aarlab.integrity.detectors.canary import bait_labels
from aarlab.integrity.detectors.ceiling import above_the_ceiling
from aarlab.integrity.detectors.constants import constant_answers
from aarlab.integrity.detectors.gap import dev_minus_verify
from aarlab.integrity.detectors.heuristics import heuristic
from aarlab.integrity.detectors.query_stream import crafted_answers
from aarlab.integrity.detectors.teacher_claim import unused_teacher

DETECTORS: Mapping[str, Detector] = {
    "above the ceiling": above_the_ceiling,
    "canary": bait_labels,
    "constant answers": constant_answers,
    "dev minus verify": dev_minus_verify,
    "heuristic": heuristic,
    "query stream": crafted_answers,
    "teacher claim": unused_teacher,
}
"""All that are run on every submission."""


def look(case: Case) -> tuple[Suspicion, ...]:
    """What all detectors have to say of a submission, in the order of DETECTORS."""
    return tuple(suspicion for detector in DETECTORS.values() for suspicion in detector(case))
