"""One running lab for the module."""

from tests.api.conftest import begin

__all__ = ["begin"]
