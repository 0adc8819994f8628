"""`aarlab serve` in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 20.0


class Dashboard:
    """Started on a free port; a context manager."""

    def __init__(self, root: Path, *, port: int = 0) -> None:
        """`root` is the studies folder."""
        self.root = root
        self._port = port

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "aarlab.cli.main", "serve", "--json", "--no-browser"]
        command += ["--port", str(self._port), "--root", str(self.root)]
        own = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(command, cwd=ROOT, env=own, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        told = ""
        while not told.endswith("}\n"):
            told += (line := self.process.stdout.readline())
            assert line, "the dashboard has ended"
        self.url: str = json.loads(told)["url"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base(self) -> str:
        """Its address without the token."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def stop(self) -> int:
        """Ctrl-C; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        status = self.process.wait(TIMEOUT)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    @contextmanager
    def client(self, *, login: bool = True) -> Iterator[httpx.Client]:
        """Sends what a browser sends with a form of a page of the dashboard."""
        headers = {"origin": self.base}
        with httpx.Client(
            base_url=self.base, follow_redirects=True, timeout=TIMEOUT, headers=headers, trust_env=False
        ) as client:
            if login:
                assert client.get(self.url).status_code == 200
            yield client
