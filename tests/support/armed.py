"""The toy problem with candidate programs among its inputs, some of which are armed.

Used as problem.kind = "tests.support.armed:Armed".
"""

import inspect
import json
import textwrap
from pathlib import Path

from aarlab.problem.contract import Progress
from aarlab.problem.tripwire import arm_some
from tests.support.toy import ToyProblem, ToySettings

CANDIDATES = [inspect.getsource(one) for one in (textwrap.dedent, textwrap.indent, textwrap.fill, textwrap.shorten)]


class ArmedProblem(ToyProblem):
    """Publishes candidates.jsonl beside the toy's inputs."""

    def publish(self, folder: Path, *, key: bytes) -> None:
        super().publish(folder, key=key)
        rows = [json.dumps({"code": code}) for code in arm_some(CANDIDATES, key=key, count=2)]
        (folder / "candidates.jsonl").write_text("\n".join(rows))


class ArmedKind:
    """Implements aarlab.problem.contract.ProblemKind."""

    settings = ToySettings

    def build(self, settings: ToySettings, *, cache: Path, progress: Progress | None = None) -> ArmedProblem:
        del cache, progress
        return ArmedProblem(settings)


Armed = ArmedKind()
