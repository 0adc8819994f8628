"""The detectors by name, each a small module. None of them decides: a person does."""

from collections.abc import Mapping

from aarlab.integrity.case import Case, Detector, Suspicion
from aarlab.integrity.detectors.canary import bait_labels
from aarlab.integrity.detectors.ceiling import above_the_ceiling
from aarlab.integrity.detectors.collusion import shared_answers
from aarlab.integrity.detectors.constants import constant_answers
from aarlab.integrity.detectors.duplicates import near_duplicate
from aarlab.integrity.detectors.gap import dev_minus_verify
from aarlab.integrity.detectors.heuristics import heuristic
from aarlab.integrity.detectors.injection import prompt_injection
from aarlab.integrity.detectors.lookup import look_up
from aarlab.integrity.detectors.lottery import rerun_lottery, seed_lottery
from aarlab.integrity.detectors.query_stream import crafted_answers
from aarlab.integrity.detectors.scorer import scorer_tampering
from aarlab.integrity.detectors.tables import embedded_table
from aarlab.integrity.detectors.teacher_claim import unused_teacher
from aarlab.integrity.detectors.transcripts import transcript

DETECTORS: Mapping[str, Detector] = {
    "above the ceiling": above_the_ceiling,
    "canary": bait_labels,
    "constant answers": constant_answers,
    "dev minus verify": dev_minus_verify,
    "embedded table": embedded_table,
    "heuristic": heuristic,
    "look-up": look_up,
    "near-duplicate": near_duplicate,
    "prompt injection": prompt_injection,
    "query stream": crafted_answers,
    "re-run lottery": rerun_lottery,
    "scorer tampering": scorer_tampering,
    "seed lottery": seed_lottery,
    "shared answers": shared_answers,
    "teacher claim": unused_teacher,
    "transcript": transcript,
}
"""All that are run on every submission."""


def look(case: Case) -> tuple[Suspicion, ...]:
    """What all detectors have to say of a submission, in the order of DETECTORS."""
    return tuple(suspicion for detector in DETECTORS.values() for suspicion in detector(case))
