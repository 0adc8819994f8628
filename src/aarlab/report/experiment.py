"""The report of an experiment: its arms, what differs between them, and the way to each study's own report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from aarlab.canonical import write_atomic
from aarlab.errors import OperatorError
from aarlab.report.comparison import Comparison
from aarlab.report.comparison_words import arm_cells, arm_columns, sentences

NAME = "report.html"


def build_experiment_report(folder: Path, *, name: str, runs: Sequence[Any], found: Comparison) -> Path:
    """Writes it into the experiment's folder. `runs` have name, arm and repeat. Raises OperatorError without room."""
    loader = PackageLoader("aarlab.report", "templates")
    template = Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("experiment.html.j2")
    arms = [arm_cells(line) for line in found.arms]
    words: dict[str, Any] = {"columns": arm_columns(found), "arms": arms, "sentences": sentences(found)}
    path = folder / NAME
    try:
        write_atomic(path, template.render(name=name, comparison=found, runs=runs, **words).encode())
    except OSError as error:
        raise OperatorError(f"{path}: cannot be written: {error.strerror}") from None
    return path
