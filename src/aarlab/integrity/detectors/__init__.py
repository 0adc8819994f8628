"""The detectors by name, each a small module. None of them decides: a person does."""

from collections.abc import Mapping

from aarlab.integrity.case import Case, Detector, Suspicion
from aarlab.integrity.detectors.canary import canary
from aarlab.integrity.detectors.ceiling import above_the_ceiling
from aarlab.integrity.detectors.constants import constant_answers
from aarlab.integrity.detectors.gap import gap
from aarlab.integrity.detectors.heuristics import heuristic
from aarlab.integrity.detectors.query_stream import query_stream
from aarlab.integrity.detectors.teacher_claim import teacher_claim

DETECTORS: Mapping[str, Detector] = {
    "above the ceiling": above_the_ceiling,
    "canary": canary,
    "constant answers": constant_answers,
    "dev minus verify": gap,
    "heuristic": heuristic,
    "query stream": query_stream,
    "teacher claim": teacher_claim,
}
"""All that are run on every submission."""


def look(case: Case) -> tuple[Suspicion, ...]:
    """What all detectors have to say of a submission, in the order of DETECTORS."""
    return tuple(suspicion for detector in DETECTORS.values() for suspicion in detector(case))
