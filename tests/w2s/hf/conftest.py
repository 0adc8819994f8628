"""A model of random weights that is loaded once, and items for it."""

from pathlib import Path

import pytest

from aarlab.w2s.hf.load import ModelRef, load
from aarlab.w2s.hf.model import LanguageModel
from tests.support.tiny_items import RECIPE
from tests.support.tiny_model import tiny_model


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def language(folder: Path) -> LanguageModel:
    return load(ModelRef(str(folder)), recipe=RECIPE, device="cpu")
