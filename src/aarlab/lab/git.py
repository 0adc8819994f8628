"""The git command line on one bare repository, without the host's own git settings, hooks or clock."""

import os
import shutil
import subprocess
from pathlib import Path

from aarlab.errors import OperatorError

_CONFIG = ("core.fsync=all", "gc.auto=0", "core.logAllRefUpdates=false")


class Git:
    """Runs git in `folder`, which is created as a bare repository when missing."""

    def __init__(self, folder: Path) -> None:
        """Raises OperatorError when git is not installed."""
        program = shutil.which("git")
        if program is None:
            raise OperatorError("git is not installed; install it (Debian: apt install git)")
        self._program, self._folder = program, folder
        if not (folder / "HEAD").exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self("init", "--quiet", "--bare", "--template=")

    def __call__(self, *arguments: str, data: bytes = b"") -> bytes:
        """Standard output of one command. Raises OperatorError when it fails."""
        words = [self._program, f"--git-dir={self._folder}"]
        for setting in _CONFIG:
            words += ["-c", setting]
        done = subprocess.run(
            [*words, *arguments], input=data, capture_output=True, env=self._environment(), check=False
        )
        if done.returncode:
            line = done.stderr.decode(errors="replace").strip().splitlines()
            raise OperatorError(f"git {arguments[0]} failed in {self._folder}: {line[-1] if line else done.returncode}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        private = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": "/nonexistent", "LC_ALL": "C"}
        return {"PATH": os.environ.get("PATH", os.defpath), **private}
