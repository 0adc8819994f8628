"""What a study's settings say of one sandbox."""

from aarlab.sandbox.protocol import Limits
from aarlab.settings import SandboxSettings

FILE_MB = 128
"""Of one file at least; half of a disk that is larger than twice that."""


def limits_of(settings: SandboxSettings) -> Limits:
    """The limits of every sandbox of the study, of researchers and of verification."""
    return Limits(
        memory_mb=settings.memory_mb,
        pids=settings.pids,
        cpus=settings.cpus,
        disk_mb=settings.disk_mb,
        file_mb=max(FILE_MB, settings.disk_mb // 2),
        gpus=settings.gpus,
    )
