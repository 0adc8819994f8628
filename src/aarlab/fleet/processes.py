"""Processes by pid and start time, so that a recycled pid is never taken for the one that was meant."""

import os
import signal
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Identity:
    """One process of one boot of this machine."""

    pid: int
    """Process id."""
    started: str
    """Boot id and start time in clock ticks."""

    @property
    def alive(self) -> bool:
        """True while this very process exists and is not a zombie."""
        return identify(self.pid) == self


def identify(pid: int) -> Identity | None:
    """The identity of a living process; None when there is none or only a zombie."""
    fields = _stat(pid)
    if fields is None or fields[0] in "ZX":
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return Identity(pid=pid, started=f"{boot}:{fields[19]}")


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/<pid>/stat from the state on; the name before them may hold spaces and brackets."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2 :].split()


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, nearest first; a session of their own does not hide them."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in os.listdir("/proc"):
        fields = _stat(int(entry)) if entry.isdigit() else None
        if fields is not None:
            children[int(fields[1])].append(int(entry))
    found: list[int] = []
    queue = [pid]
    while queue:
        below = children[queue.pop(0)]
        found += below
        queue += below
    return found


def kill_tree(pid: int) -> None:
    """SIGKILL to a process, its group if it leads one, and everything below it."""
    below = descendants(pid)
    for target in (pid, *below):
        try:
            os.kill(target, signal.SIGKILL)
        except ProcessLookupError:
            continue
