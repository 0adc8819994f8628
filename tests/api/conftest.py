"""One running lab a test module; tests that need another begin their own."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.support.lab import LabProcess

Begin = Callable[..., LabProcess]


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begin]:
    """Starts labs and stops them at the end."""
    labs: list[LabProcess] = []

    def begin(settings: Mapping[str, Mapping[str, Any]] | None = None) -> LabProcess:
        labs.append(LabProcess(tmp_path_factory.mktemp("study"), settings))
        return labs[-1].start()

    yield begin
    for lab in labs:
        assert lab.stop() in (0, -9), lab.log.read_text()
        shutil.rmtree(lab.paths.runtime)


@pytest.fixture(scope="module")
def lab(begin: Begin) -> LabProcess:
    """A lab with the settings of tests.support.lab."""
    return begin()
