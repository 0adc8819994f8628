"""Which backend a study uses. Never a weaker one than was asked for."""

from collections.abc import Collection
from typing import Literal

from aarlab.errors import OperatorError
from aarlab.sandbox import hints
from aarlab.sandbox.bubblewrap import Bubblewrap
from aarlab.sandbox.protocol import Enforcement, SandboxBackend
from aarlab.sandbox.unsafe import UnsafeLocal

REQUIRED = ("files", "network", "processes", "syscalls")
"""Without these nothing may run as if it were isolated."""


def _refusal(found: Enforcement, required: Collection[str]) -> str | None:
    lacking = [name for name in required if name not in found.enforced]
    if not lacking:
        return None
    reasons = list(dict.fromkeys(found.missing.get(name, "not enforced") for name in lacking))
    return f"the sandbox does not hold here ({', '.join(lacking)}): {'; '.join(reasons)}; {hints.UNSAFE}"


def select(
    name: Literal["auto", "bubblewrap", "unsafe-local"], *, required: Collection[str] = REQUIRED
) -> SandboxBackend:
    """The backend of that name; "auto" is bubblewrap.

    Raises OperatorError when its self-probe does not see all `required` hold.
    """
    if name == "unsafe-local":
        return UnsafeLocal()
    backend = Bubblewrap()
    refusal = _refusal(backend.describe(), required)
    if refusal is not None:
        raise OperatorError(refusal)
    return backend
