"""Where a study keeps what: one folder on disk, and one short-lived folder for sockets and mounts."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aarlab.canonical import digest


def _runtime_base() -> Path:
    """Sandboxes run under other uids, so as root their sockets and mounts must lie where those may walk."""
    if os.geteuid() == 0:
        return Path("/run/aarlab")
    user = os.environ.get("XDG_RUNTIME_DIR")
    return Path(user) / "aarlab" if user else Path(f"/tmp/aarlab-{os.geteuid()}")


_UID_SLOTS = 1024
_UID_BASE = 0x40000000


def _highest_uid() -> int:
    """The last uid that this user namespace knows; containers often have 65536 only."""
    try:
        lines = Path("/proc/self/uid_map").read_text().splitlines()
    except OSError:
        return 65535
    return max(int(first) + int(count) - 1 for first, _, count in (line.split() for line in lines))


@dataclass(frozen=True)
class StudyPaths:
    """All paths of one study. Nothing here creates anything."""

    root: Path
    """The study's folder, absolute."""

    @property
    def config(self) -> Path:
        """The resolved settings, as they were when the study began."""
        return self.root / "study.toml"

    @property
    def database(self) -> Path:
        """The ledger."""
        return self.root / "lab.db"

    @property
    def heads(self) -> Path:
        """Signed heads of the ledger, one a line."""
        return self.root / "heads.jsonl"

    @property
    def heads_repository(self) -> Path:
        """The same as commits in a bare git repository, to be pushed elsewhere."""
        return self.root / "heads.git"

    @property
    def public_key(self) -> Path:
        """With which everybody checks heads."""
        return self.root / "ledger.pub"

    @property
    def blobs(self) -> Path:
        """Content-addressed files: students."""
        return self.root / "blobs"

    @property
    def snapshots(self) -> Path:
        """Bare git repository of methods."""
        return self.root / "snapshots.git"

    @property
    def vault(self) -> Path:
        """Keys and everything held out; mode 0700."""
        return self.root / "vault"

    @property
    def logs(self) -> Path:
        """Logs of the server and of each researcher's mind; never of what ran inside verify."""
        return self.root / "logs"

    @property
    def transcripts(self) -> Path:
        """What was said with each researcher's language model, one JSONL file each."""
        return self.root / "transcripts"

    @property
    def disks(self) -> Path:
        """Size-limited work disks of the researchers."""
        return self.root / "disks"

    @property
    def shelf(self) -> Path:
        """The library as it was written when the study began."""
        return self.root / "library"

    @property
    def report(self) -> Path:
        """The static report."""
        return self.root / "report.html"

    @property
    def runtime(self) -> Path:
        """Sockets, mounts and process ids; short, because a Unix socket's path ends at 107 bytes."""
        return _runtime_base() / digest(str(self.root).encode())[:10]

    @property
    def operator_socket(self) -> Path:
        """The operator's door; mode 0600."""
        return self.runtime / "operator" / "lab.sock"

    def socket_folder(self, researcher: str) -> Path:
        """The one folder through which this researcher, and nobody else, speaks to the lab."""
        return self.runtime / researcher / "sock"

    def data(self) -> Path:
        """The public inputs of the problem, as they were published."""
        return self.runtime / "data"

    def library(self) -> Path:
        """The same library where sandboxes can reach it: bound read-only into each."""
        return self.runtime / "library"

    def data_of(self, researcher: str) -> Path:
        """The same, and bait, for this researcher alone: bound read-only into its sandbox."""
        return self.runtime / researcher / "data"

    def work(self, researcher: str) -> Path:
        """The researcher's workspace (a mount point where disks are limited)."""
        return self.runtime / researcher / "work"

    def uid(self, index: int) -> int | None:
        """Host uid of the study's `index`-th sandbox, one of 1024 that no other study here has; None unless root."""
        if os.geteuid() != 0:
            return None
        number = int(digest(str(self.root).encode())[:4], 16)
        if _highest_uid() >= _UID_BASE + _UID_SLOTS * 2**16:
            return _UID_BASE + _UID_SLOTS * number + index
        return 20000 + _UID_SLOTS * (number % 40) + index


def cache_folder() -> Path:
    """Where features are kept by the hash of their content, for all studies of this user."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "aarlab"


def absolute(value: Any, base: Path) -> Any:
    """A path of a study file, or a list of them, as it is meant from `base`; what is no text stays as it is."""
    if isinstance(value, list):
        return [absolute(one, base) for one in value]
    return str((base / Path(value).expanduser()).resolve()) if isinstance(value, str) and value else value


def absolute_model(value: Any, base: Path) -> Any:
    """The same for a folder that is there; any other text may be the name of a model on a hub."""
    found = isinstance(value, str) and bool(value) and (base / Path(value).expanduser()).is_dir()
    return absolute(value, base) if found else value
