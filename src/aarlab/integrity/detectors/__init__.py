"""The detectors by name, each a small module. None of them decides: a person does."""

from collections.abc import Mapping

from aarlab.integrity.case import Case, Detector, Suspicion

DETECTORS: Mapping[str, Detector] = {}
"""All that are run on every submission."""


def look(case: Case) -> tuple[Suspicion, ...]:
    """What all detectors have to say of a submission, in the order of DETECTORS."""
    return tuple(suspicion for detector in DETECTORS.values() for suspicion in detector(case))
