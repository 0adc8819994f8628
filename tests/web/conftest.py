"""A dashboard in a process of its own, spoken to over real HTTP, and a small study that has ended."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aarlab.paths import StudyPaths
from tests.support.cli import closed_study
from tests.support.web import Dashboard


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studies")


@pytest.fixture(scope="session")
def study(root: Path) -> StudyPaths:
    """Two researchers on the toy problem, a verified method, a forum; what they wrote would harm who believes it."""
    return closed_study(root / "toy")


@pytest.fixture(scope="session")
def dashboard(root: Path, study: StudyPaths) -> Iterator[Dashboard]:
    """The studies folder of `study`, served."""
    assert study.root.parent == root.resolve()
    with Dashboard(root) as served:
        yield served


@pytest.fixture
def web(dashboard: Dashboard) -> Iterator[httpx.Client]:
    """A browser without a script, logged in."""
    with dashboard.client() as client:
        yield client
