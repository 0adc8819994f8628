"""A person at a terminal: the real command on a pty, keys sent to it, and what appears on the screen."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.cli import ROOT


class Terminal:
    """`aarlab ...` on a terminal of 40 x 132 of its own session. A context manager; kills what is left at the end."""

    def __init__(self, *arguments: str | Path, cwd: Path) -> None:
        self._leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 132, 0, 0))
        own = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "TERM": "xterm"}
        command = [sys.executable, "-m", "aarlab.cli.main", *map(str, arguments)]
        self.process = subprocess.Popen(
            command, cwd=cwd, env=own, stdin=follower, stdout=follower, stderr=follower, start_new_session=True
        )
        os.close(follower)
        self.screen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        os.close(self._leader)

    def type(self, text: str) -> None:
        """Keys."""
        os.write(self._leader, text.encode())

    def until(self, words: str, *, seconds: float = 60) -> str:
        """What appeared up to and with `words`; a later call looks behind them."""
        deadline = time.monotonic() + seconds
        while words not in self.screen:
            left = deadline - time.monotonic()
            assert left > 0, f"{words!r} did not appear: {self.screen[-3000:]!r}"
            if select.select([self._leader], [], [], left)[0]:
                self.screen += self._read(words)
        found, _, self.screen = self.screen.partition(words)
        return found + words

    def end(self, *, seconds: float = 60) -> int:
        """The exit status when it has ended by itself."""
        return self.process.wait(seconds)

    def _read(self, words: str) -> str:
        try:
            return os.read(self._leader, 65536).decode(errors="replace")
        except OSError:
            raise AssertionError(f"it ended before {words!r}: {self.screen[-3000:]!r}") from None
