"""Tools for the workspace: a shell in the sandbox, looking at files, changing them, training."""

import posixpath
from typing import Literal

from pydantic import Field

from aarlab.errors import ResearcherError
from aarlab.minds.protocol import Workbench
from aarlab.minds.tools.box import Form, Tool, tool
from aarlab.minds.tools.scribe import Scribe
from aarlab.quote import quote_untrusted
from aarlab.sandbox.protocol import Completed

FILE_BYTES = 1 << 20
OF_OTHERS = "theirs"
"""Folder with the methods of other researchers."""


class Bash(Form):
    """Of `bash`."""

    command: str
    """Shell command; it runs in /work."""
    seconds: float = Field(60.0, gt=0, le=600)
    """When it is ended by force."""


class View(Form):
    """Of `view`."""

    path: str
    """Below /work."""
    start: int = Field(1, ge=1)
    """First line."""
    lines: int = Field(300, ge=1)
    """How many."""


class Edit(Form):
    """Of `edit`."""

    path: str
    """Below /work."""
    new: str
    """New text."""
    old: str = ""
    """Text to be replaced, which stands in the file exactly once; "" = the whole file, also one that does not exist."""


class Train(Form):
    """Of `train`."""

    folder: str
    """Below /work, with method.py."""
    seeds: tuple[int, ...] = Field((0,), min_length=1, max_length=16)
    """One experiment each."""


class Workspace:
    """Works in the sandbox of one researcher."""

    def __init__(self, bench: Workbench, *, scribe: Scribe) -> None:
        """Uses the bench's sandbox."""
        self._bench, self._scribe = bench, scribe

    def tools(self) -> dict[str, Tool]:
        """By name."""
        return {
            "bash": tool("Runs a shell command in the sandbox, in /work. No network.", Bash, self.bash),
            "view": tool("Shows lines of a text file of the workspace.", View, self.view),
            "edit": tool("Writes a file of the workspace, or replaces one piece of it.", Edit, self.edit),
            "train": tool("Trains a method folder on the public data, as the lab does.", Train, self.train),
        }

    def bash(self, form: Bash) -> str:
        """Its output and how it ended."""
        self._scribe.command(form.command)
        return told(self._bench.run(form.command, seconds=form.seconds))

    def view(self, form: View) -> str:
        """Numbered lines; what others wrote is quoted."""
        path = inside(form.path)
        lines = read(self._bench, path).splitlines()
        chosen = lines[form.start - 1 : form.start - 1 + form.lines]
        head = f"{path}: lines {form.start} to {form.start + len(chosen) - 1} of {len(lines)}"
        if path.partition("/")[0] == OF_OTHERS:
            return f"{head}\n{quote_untrusted('another researcher', *([chr(10).join(chosen)] if chosen else []))}"
        return "\n".join([head, *(f"{number:5d} {line}" for number, line in enumerate(chosen, form.start))])

    def edit(self, form: Edit) -> str:
        """What was done."""
        path = inside(form.path)
        text = form.new
        if form.old:
            before = read(self._bench, path)
            if (count := before.count(form.old)) != 1:
                raise ResearcherError(f"`old` stands {count} times in {path}, and must stand there exactly once")
            text = before.replace(form.old, form.new)
        self._bench.put(path, text.encode())
        return f"{path} has {len(text)} characters"

    def train(self, form: Train) -> str:
        """How it ended, and where the students are."""
        folder = inside(form.folder)
        done = self._bench.train(folder, out=f"out/{folder}", seeds=form.seeds)
        return f"{told(done)}\nwhat was trained is in /work/out/{folder}/<seed>"


def read(bench: Workbench, path: str) -> str:
    """A text file of the workspace. Raises ResearcherError."""
    data = bench.get(path, max_bytes=FILE_BYTES)
    if data is None:
        raise ResearcherError(f"there is no file {path!r} in /work", code="missing")
    return data.decode(errors="replace")


def inside(path: str) -> str:
    """A path relative to /work. Raises ResearcherError for one that leads elsewhere."""
    found = posixpath.relpath(posixpath.join("/work", path), "/work")
    if found == "." or found.startswith(".."):
        raise ResearcherError(f"{path!r} is not below /work; use `bash` to look elsewhere")
    return found


def told(done: Completed) -> str:
    """How a command ended and what it wrote."""
    streams: tuple[tuple[Literal["output", "errors"], bytes], ...] = (("output", done.stdout), ("errors", done.stderr))
    written = [f"{name}:\n{data.decode(errors='replace').rstrip()}" for name, data in streams if data.strip()]
    return "\n".join([f"{done.status} (exit status {done.returncode}) after {done.seconds:.1f} s", *written])
