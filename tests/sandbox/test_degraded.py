"""Hosts that give less: an ordinary user, no user namespaces, no bubblewrap. What holds is kept, what lacks is said."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import aarlab
from aarlab.sandbox.protocol import Runtime
from aarlab.sandbox.runtime import ALWAYS, host_environment

NOBODY = 65534

REPORT = """
import dataclasses, json
from aarlab.sandbox.bubblewrap import Bubblewrap
found = Bubblewrap().describe()
print(json.dumps({"enforced": found.enforced, "missing": dict(found.missing), "rankable": found.rankable}))
"""
CORE = r"""
import json, os, sys
from pathlib import Path
from aarlab.errors import ResearcherError
from aarlab.sandbox.bubblewrap import Bubblewrap
from aarlab.sandbox.protocol import Limits, Spec
from aarlab.sandbox.runtime import build_runtime
home = Path(os.environ["HOME"])
(home / "data").mkdir(exist_ok=True)
(home / "secret").write_text("labels")
limits = Limits(memory_mb=400, pids=20, disk_mb=20, file_mb=4, output_kb=16)
runtime = build_runtime((), distributions=())
spec = Spec(name="test-user", runtime=runtime, work=home / "work", data=home / "data", limits=limits)
out = {}
def run(name, code, timeout=10):
    done = sandbox.exec(["python", "-c", "import os, socket, time\n" + code], timeout=timeout)
    out[name] = [done.status, done.stdout.decode()]
    return done
with Bubblewrap().create(spec) as sandbox:
    run("secret", f"print(os.path.exists({str(home / 'secret')!r}))")
    run("processes", "print(len([p for p in os.listdir('/proc') if p.isdigit()]))")
    run("vsock", "socket.socket(40, 1)")
    run("data", "open('/data/x', 'w')")
    run("memory", "x = b'x' * (600 << 20)")
    bomb = "n = 0\ntry:\n  while n < 90:\n    if os.fork() == 0: time.sleep(9)\n    n += 1\nexcept OSError: print(n)"
    run("forks", bomb)
    run("file", "open('big', 'wb').write(b'x' * (8 << 20))")
    run("disk", "for i in range(900): open(str(i), 'wb').write(b'x' * (1 << 20))\ntime.sleep(60)", timeout=60)
    run("more", "for i in range(900): open('x' + str(i), 'wb').write(b'x' * (1 << 20))\ntime.sleep(60)", timeout=60)
    out["clean"] = sandbox.exec(["sh", "-c", "rm -rf /work/*"], timeout=10).status
    out["seconds"] = run("timeout", "while True: pass", timeout=0.5).seconds
    out["clock"] = run("burn", "while time.process_time() < 0.3: pass").cpu_seconds
    sandbox.put("a/b", b"1")
    out["get"] = sandbox.get("a/b", max_bytes=9).decode()
    sandbox.exec(["ln", "-s", str(home / "secret"), "link"], timeout=10)
    try:
        out["link"] = sandbox.get("link", max_bytes=9).decode()
    except ResearcherError as error:
        out["link"] = error.code
print(json.dumps(out))
"""


@pytest.fixture(scope="module")
def user(place: Path, runtime: Runtime) -> dict[str, str]:
    """The environment of an ordinary user that can read the package, and the folder where it may write."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    for part in ("sandbox", *ALWAYS):
        source, target = Path(aarlab.__file__).parent / part, place / "package" / "aarlab" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    home = place / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    environment = host_environment(runtime.root)
    environment["PYTHONPATH"] = str(place / "package")
    return {**environment, "HOME": str(home), "AARLAB_CACHE": str(home), "PATH": "/usr/bin:/bin"}


def _python(runtime: Runtime, user: dict[str, str], code: str, *before: str) -> subprocess.CompletedProcess[str]:
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    argv = [*become, *before, str(runtime.root / "bin" / "python"), "-B", "-c", code]
    return subprocess.run(argv, env=user, cwd=user["HOME"], capture_output=True, text=True, check=False)


def test_an_ordinary_user_keeps_the_walls_and_is_told_what_lacks(runtime: Runtime, user: dict[str, str]) -> None:
    done = _python(runtime, user, REPORT)
    found = json.loads(done.stdout)
    assert found["rankable"]
    assert set(found["enforced"]) == {"files", "network", "processes", "syscalls", "pids"}
    assert set(found["missing"]) == {"memory", "cpu", "disk", "uid"}
    assert all("root" in reason for reason in found["missing"].values())


def test_core_attacks_as_an_ordinary_user(runtime: Runtime, user: dict[str, str]) -> None:
    done = _python(runtime, user, CORE)
    assert done.returncode == 0, done.stderr[-1000:]
    out = json.loads(done.stdout)
    assert out["secret"] == ["ok", "False\n"]
    assert out["processes"] == ["ok", "2\n"]
    assert all(out[name][0] == "error" for name in ("vsock", "data", "memory", "file", "disk", "more"))
    assert out["clean"] == "ok"
    assert int(out["forks"][1]) < 20
    assert out["timeout"][0] == "timeout"
    assert out["seconds"] < 5
    assert out["clock"] >= 0.29
    assert (out["get"], out["link"]) == ("1", "malformed")


def test_without_user_namespaces_it_is_refused_in_one_line(runtime: Runtime, user: dict[str, str]) -> None:
    code = "from aarlab.sandbox.select import select\nfrom aarlab.errors import OperatorError\n"
    code += "try: select('auto')\nexcept OperatorError as e: print(e)\nelse: print('started')"
    no_namespaces = ("bwrap", "--unshare-user", "--disable-userns", "--dev-bind", "/", "/", "--")
    line = _python(runtime, user, code, *no_namespaces).stdout
    assert line.startswith("the sandbox does not hold here (files, network, processes, syscalls): ")
    assert "namespace" in line
    assert "--set sandbox.backend=unsafe-local" in line
    assert line.count("\n") == 1


def test_without_bubblewrap_it_says_how_to_get_it(runtime: Runtime, user: dict[str, str]) -> None:
    code = "from aarlab.sandbox.select import select\nfrom aarlab.errors import OperatorError\n"
    code += "try: select('bubblewrap')\nexcept OperatorError as e: print(e)\nelse: print('started')"
    hidden = ("bwrap", "--dev-bind", "/", "/", "--ro-bind", "/dev/null", "/usr/bin/bwrap", "--")
    line = _python(runtime, user, code, *hidden).stdout
    assert "bubblewrap is not installed: apt-get install bubblewrap" in line
    assert "unsafe-local" in line
    assert line.count("\n") == 1
