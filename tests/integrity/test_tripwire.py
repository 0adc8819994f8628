"""Armed candidates: real functions and modules of the standard library, which work as before and open the file."""

import colorsys
import graphlib
import heapq
import inspect
import textwrap
import warnings
from pathlib import Path
from types import ModuleType

import pytest

from aarlab.integrity.watch import Watcher
from aarlab.problem.tripwire import arm, arm_some, tripwire
from tests.support.lab import until

KEY = b"k" * 32
FUNCTIONS = [colorsys.rgb_to_hls, heapq.nsmallest, textwrap.dedent, heapq.merge, inspect.cleandoc]
MODULES = [colorsys, textwrap, graphlib, heapq]
METHOD = "class Solution:\n    def solve(self, x):\n        return x + 1\n"


def executed(source: str) -> dict[str, object]:
    """Its names after it was run."""
    names: dict[str, object] = {"__name__": "candidate"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(source, "candidate", "exec"), names)
    return names


class Opened:
    """Whether one file was opened."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(b"")
        self.seen: list[str] = []
        self._watcher = Watcher(lambda _, file: self.seen.append(file))
        self._watcher.start()
        self._watcher.add("r1", path.parent, [path.name])

    def end(self) -> bool:
        """The answer; the watch ends, which waits for what is under way."""
        self._watcher.stop()
        return bool(self.seen)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_whole_module_is_read_silently_and_trips_when_loaded(module: ModuleType, tmp_path: Path) -> None:
    source = inspect.getsource(module)
    armed = arm(source, path=str(tmp_path / "wire"))
    assert armed is not None
    assert armed != source
    reading = Opened(tmp_path / "wire")
    compile(armed, "candidate", "exec")
    assert not reading.end()
    loading = Opened(tmp_path / "wire")
    names = executed(armed)
    assert loading.end()
    assert set(names) >= {name for name in vars(module) if not name.startswith("__")}


def test_a_function_trips_when_only_it_is_called(tmp_path: Path) -> None:
    armed = arm(inspect.getsource(colorsys.rgb_to_hls), path=str(tmp_path / "wire"))
    assert armed is not None
    (tmp_path / "wire").write_bytes(b"")
    function = executed(armed)["rgb_to_hls"]
    assert callable(function)
    calling = Opened(tmp_path / "wire")
    assert function(0.2, 0.4, 0.4) == colorsys.rgb_to_hls(0.2, 0.4, 0.4)
    assert calling.end()


@pytest.mark.parametrize("source", [*map(inspect.getsource, FUNCTIONS), METHOD], ids=range(len(FUNCTIONS) + 1))
def test_nothing_else_changes_also_without_the_file(source: str) -> None:
    armed = arm(source, path="/nowhere/warmup.bin")
    assert armed is not None
    executed(armed)
    rest = iter(armed.splitlines())
    assert all(line in rest for line in source.splitlines())


@pytest.mark.parametrize("source", ["", "def f(:", "x = '''\n", '"""Only words."""\n', "\0", "(" * 500])
def test_what_cannot_be_armed_is_left_alone(source: str) -> None:
    assert arm(source, path="/data/x") is None
    assert arm_some([source], key=KEY) == [source]


@pytest.mark.parametrize(
    "source",
    [
        '"""Words."""\nfrom __future__ import annotations\n\n@print\ndef f(x: y):\n\t"""Words."""\n\treturn x\n',
        "def f(x): return x\nprint(f(1))",
        "x = 1; y = 2\nclass A:\n    def g(self):\n        '''Words.'''\n",
        "import re\ntext = '\\d'\r\ndef f():\r\n    print(text)\r\nf()\r\n",
    ],
)
def test_odd_layouts_are_armed_where_it_is_safe(source: str, tmp_path: Path) -> None:
    armed = arm(source, path=str(tmp_path / "wire"))
    assert armed is not None
    opened = Opened(tmp_path / "wire")
    executed(armed)
    assert opened.end()


def test_some_are_chosen_by_the_key() -> None:
    sources = [inspect.getsource(one) for one in FUNCTIONS]
    armed = arm_some(sources, key=KEY, count=2)
    changed = [index for index, (old, new) in enumerate(zip(sources, armed, strict=True)) if old != new]
    assert len(changed) == 2
    assert all(f"/data/{tripwire(KEY)}" in armed[index] for index in changed)
    assert arm_some(sources, key=KEY, count=2) == armed
    assert len({tuple(arm_some(sources, key=bytes([k]), count=2)) for k in range(9)}) > 1
    assert tripwire(KEY) != tripwire(b"o" * 32)


def test_a_file_that_goes_away_was_not_opened(tmp_path: Path) -> None:
    seen: list[str] = []
    watcher = Watcher(lambda name, file: seen.append(f"{name} {file}"))
    watcher.start()
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"")
    watcher.add("r1", tmp_path, ["a", "b"])
    (tmp_path / "a").unlink()
    (tmp_path / "b").read_bytes()
    until(lambda: bool(seen))
    watcher.stop()
    watcher.stop()
    assert seen == ["r1 b"]
