"""Submissions for detectors, as the lab would show them."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from aarlab.canonical import digest, digest_json
from aarlab.integrity.case import Case, Handed
from aarlab.problem.sight import Bools, Floats, Sight

VANILLA = """from aarlab.w2s.methods import heads, labels


def train(task, *, seed):
    return heads.linear(task, labels.teacher(task, hard=True), l2=0.1)
"""


def method(code: str, **others: str) -> dict[str, str]:
    """The files of a method; `others` by name, `README_md` is README.md."""
    return {"method.py": code} | {name.replace("_", ".", 1): text for name, text in others.items()}


def case(files: Mapping[str, str] | str = VANILLA, *, researcher: str = "ada", **more: Any) -> Case:
    """A submission to dev, with the ids that its contents give it."""
    files = method(files) if isinstance(files, str) else dict(files)
    content = digest_json({path: digest(text.encode(errors="replace")) for path, text in files.items()})
    named = {
        "id": f"{researcher}-{content[:12]}-{'-'.join(more.get('students', ()))}",
        "door": "dev",
        "family": "other",
    }
    named |= {"researcher": researcher, "snapshot": f"s-{researcher}-{content[:12]}", "content": content}
    return Case(**named | {"files": files} | more)


def handed(one: Case) -> Handed:
    """The same as part of a history."""
    return Handed(**{field.name: getattr(one, field.name) for field in fields(Handed)})


def history(*cases: Case) -> tuple[Handed, ...]:
    """Several, oldest first."""
    return tuple(handed(one) for one in cases)


def sights(answers: Sequence[Bools], *, margin: Floats | None = None) -> tuple[Sight, ...]:
    """What detectors see of some students' answers; the truth plays no part."""
    n = len(answers[0])
    right = np.ones(n, dtype=bool)
    return tuple(Sight(one, right, right, right, np.arange(n), margin=margin) for one in answers)
