"""A sandbox uses what it was given and not more; when a command ends, nothing of it is left."""

import os
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aarlab.errors import OperatorError, ResearcherError
from aarlab.sandbox.bubblewrap import Bubblewrap, BubblewrapSandbox
from aarlab.sandbox.protocol import Limits, Runtime, Spec
from tests.support.lab import until

pytestmark = pytest.mark.usefixtures("as_root")
Make = Callable[..., BubblewrapSandbox]


def _running(word: str) -> list[Path]:
    """Processes of the host that have `word` in their command line."""

    def command(path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError:
            return b""

    return [path for path in Path("/proc").glob("[0-9]*/cmdline") if word.encode() in command(path)]


def _nap() -> str:
    """A number of seconds that names one sleeping process on this host."""
    return str(10**9 + secrets.randbelow(10**9))


@pytest.fixture(scope="module")
def sandbox(make: Make) -> BubblewrapSandbox:
    return make(limits=Limits(memory_mb=200, pids=32, cpus=0.5, disk_mb=8, file_mb=4, output_kb=16))


def test_exit_status_and_output(sandbox: BubblewrapSandbox) -> None:
    done = sandbox.exec(["sh", "-c", "cat; echo err >&2; exit 3"], timeout=10, stdin=b"given")
    assert (done.status, done.returncode, done.stdout, done.stderr) == ("error", 3, b"given", b"err\n")
    assert sandbox.exec(["sh", "-c", "kill -TERM $$"], timeout=10).returncode == -15
    assert sandbox.exec(["true"], timeout=10).status == "ok"


def test_environment_is_what_was_given(sandbox: BubblewrapSandbox) -> None:
    os.environ["AARLAB_TEST_SECRET"] = "x"
    done = sandbox.exec(["env"], timeout=10, env={"AARLAB_SEED": "7"})
    names = {line.split(b"=")[0] for line in done.stdout.splitlines()}
    assert b"AARLAB_SEED" in names
    assert b"AARLAB_TEST_SECRET" not in names
    assert b"HOME=/tmp\n" in done.stdout
    del os.environ["AARLAB_TEST_SECRET"]


def test_a_missing_command_is_the_researchers_error_not_the_hosts(sandbox: BubblewrapSandbox) -> None:
    done = sandbox.exec(["no-such-program"], timeout=10)
    assert done.status == "error"
    assert done.returncode != 0


def test_what_is_no_command_is_refused(sandbox: BubblewrapSandbox) -> None:
    for argv in ([], ["echo", "a\0b"], ["echo", "x" * 200_000]):
        with pytest.raises(ResearcherError):
            sandbox.exec(argv, timeout=10)
    with pytest.raises(ValueError, match="environment"):
        sandbox.exec(["true"], timeout=10, env={"A=B": "x"})
    assert len(sandbox.exec(["echo", "ü" * 5000], timeout=10).stdout) == 10_001


def test_flood_of_output_is_cut_and_does_not_block(sandbox: BubblewrapSandbox) -> None:
    done = sandbox.exec(["head", "-c", "30000000", "/dev/zero"], timeout=20)
    assert (done.status, len(done.stdout)) == ("ok", 16 * 1024)


def test_endless_output_ends_at_the_timeout(sandbox: BubblewrapSandbox) -> None:
    done = sandbox.exec(["cat", "/dev/zero"], timeout=0.5)
    assert done.status == "timeout"
    assert done.seconds < 5


def test_timeout_kills_daemons_too(sandbox: BubblewrapSandbox) -> None:
    nap = _nap()
    done = sandbox.exec(["sh", "-c", f"setsid sleep {nap} & trap '' TERM HUP; sleep {nap}"], timeout=0.4)
    assert (done.status, done.returncode) == ("timeout", -9)
    until(lambda: _running(nap) == [], seconds=5)  # the one outside that held the sandbox may still be ending


def test_daemon_does_not_survive_the_end(sandbox: BubblewrapSandbox) -> None:
    nap = _nap()
    done = sandbox.exec(["sh", "-c", f"setsid sh -c 'setsid sleep {nap}' </dev/null & echo left"], timeout=10)
    assert (done.status, done.stdout) == ("ok", b"left\n")
    until(lambda: _running(nap) == [], seconds=5)


def test_fork_bomb(sandbox: BubblewrapSandbox) -> None:
    code = "import os, time\nn = 0\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        n += 1\n"
    done = sandbox.exec(["python", "-c", code], timeout=1.0)
    assert done.status in ("timeout", "oom")
    assert sandbox.exec(["true"], timeout=10).status == "ok"


def test_processes_are_counted(sandbox: BubblewrapSandbox) -> None:
    code = (
        "import os, time\nn = 0\ntry:\n    while n < 200:\n        if os.fork() == 0: time.sleep(60)\n        n += 1\n"
        "except OSError: pass\nprint(n)"
    )
    assert int(sandbox.exec(["python", "-c", code], timeout=20).stdout) <= 32 + 2


def test_memory_of_one_process(sandbox: BubblewrapSandbox) -> None:
    done = sandbox.exec(["python", "-c", "x = b'x' * (400 << 20); print(len(x))"], timeout=30)
    assert (done.status, done.stdout) == ("oom", b"")


def test_memory_of_many_processes(sandbox: BubblewrapSandbox) -> None:
    code = (
        "import os, signal\nfor _ in range(8):\n"
        "    if os.fork() == 0:\n        x = b'x' * (60 << 20); signal.pause()\n"
        "bad = 0\nos.wait(); print('one died')\nos.kill(0, 9)"
    )
    done = sandbox.exec(["python", "-c", code], timeout=20)
    assert done.status == "oom"


def test_memory_in_tmpfs_counts(sandbox: BubblewrapSandbox) -> None:
    fill = "for d in ('/tmp', '/dev/shm'):\n  for i in range(200): open(f'{d}/{i}', 'wb').write(b'x' * (1 << 20))"
    assert sandbox.exec(["python", "-c", fill], timeout=30).status != "ok"


def test_cpu(make: Make) -> None:
    sandbox = make(limits=Limits(cpus=0.1))
    burn = "import os, time\nos.fork()\nend = time.monotonic() + 1.2\nwhile time.monotonic() < end: pass\nos._exit(0)"
    done = sandbox.exec(["python", "-c", burn], timeout=20)
    assert (sandbox.throttled() or 0) > 0
    assert 0 < done.cpu_seconds < 0.1 * done.seconds + 0.1


def test_disk_in_one_file(sandbox: BubblewrapSandbox) -> None:
    done = sandbox.exec(["sh", "-c", "cat /dev/zero > /work/big"], timeout=20)
    assert done.status == "error"
    sandbox.exec(["rm", "-f", "/work/big"], timeout=10)


def test_disk_in_many_files_and_names(sandbox: BubblewrapSandbox) -> None:
    fill = (
        "import os\nos.mkdir('/work/many')\nn = 0\ntry:\n    while n < 400:\n"
        "        open(f'/work/many/{n}', 'wb').write(b'x' * 65536); n += 1\nexcept OSError: pass\nprint(n)"
    )
    assert int(sandbox.exec(["python", "-c", fill], timeout=20).stdout) <= 8 * 16
    sandbox.exec(["rm", "-rf", "/work/many"], timeout=10)
    empty = fill.replace("b'x' * 65536", "b''").replace("400", "100000")
    assert int(sandbox.exec(["python", "-c", empty], timeout=30).stdout) <= 8 * 256
    sandbox.exec(["rm", "-rf", "/work/many"], timeout=10)


def test_it_cannot_shut_itself_out(sandbox: BubblewrapSandbox) -> None:
    sandbox.exec(["chmod", "0", "/work"], timeout=10)
    assert sandbox.exec(["touch", "here"], timeout=10).status == "ok"


def test_commands_at_the_same_time(make: Make) -> None:
    sandbox = make(limits=Limits(cpus=2.0))
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: sandbox.exec(["sh", "-c", f"echo {n}"], timeout=30), range(40)))
    assert [int(done.stdout) for done in results] == list(range(40))


def test_sandboxes_at_the_same_time_do_not_meet(make: Make) -> None:
    with ThreadPoolExecutor(4) as pool:
        sandboxes = list(pool.map(lambda n: make(uid=62000 + n), range(4)))
        list(pool.map(lambda n: sandboxes[n].exec(["sh", "-c", f"echo {n} > mine"], timeout=30), range(4)))
    assert [sandbox.get("mine", max_bytes=9) for sandbox in sandboxes] == [b"0\n", b"1\n", b"2\n", b"3\n"]


def test_kill_from_another_thread(make: Make) -> None:
    sandbox, nap = make(), _nap()
    killer = _when_running(nap, sandbox.kill)
    done = sandbox.exec(["sh", "-c", f"setsid sleep {nap} & sleep {nap}"], timeout=60)
    killer.join()
    assert (done.status, done.returncode) == ("error", -9)
    assert _running(nap) == []
    assert sandbox.exec(["true"], timeout=10).status == "ok"


def test_close_during_a_command(make: Make) -> None:
    sandbox, nap = make(), _nap()
    closer = _when_running(nap, sandbox.close)
    done = sandbox.exec(["sleep", nap], timeout=60)
    closer.join()
    assert done.returncode == -9
    with pytest.raises(OperatorError, match="not started"):
        sandbox.exec(["true"], timeout=10)


def _when_running(nap: str, action: Callable[[], None]) -> threading.Thread:
    """Does `action` in another thread as soon as the process that sleeps for `nap` is there."""

    def wait_and_act() -> None:
        deadline = time.monotonic() + 20
        while not _running(nap):
            assert time.monotonic() < deadline
        action()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def test_close_leaves_nothing(make: Make, place: Path) -> None:
    sandbox = make(name="test-close")
    assert str(place / "test-close") in Path("/proc/self/mountinfo").read_text()
    sandbox.close()
    sandbox.close()
    assert str(place / "test-close") not in Path("/proc/self/mountinfo").read_text()
    assert list(Path("/sys/fs/cgroup").glob("**/aarlab.test-close")) == []
    sandbox.start()
    assert sandbox.exec(["true"], timeout=10).status == "ok"


def test_unusable_names_and_uids(backend: Bubblewrap, runtime: Runtime, place: Path) -> None:
    for name in ("../x", "", "a b", "x" * 65):
        with pytest.raises(ValueError, match="name"):
            backend.create(Spec(name=name, runtime=runtime, work=place / "w", data=place / "data"))
    with pytest.raises(OperatorError, match="uid 0"):
        backend.create(Spec(name="x", runtime=runtime, work=place / "w", data=place / "data", uid=0))


def test_missing_folder_is_one_line_for_the_operator(make: Make, place: Path) -> None:
    sandbox = make(data=place / "nowhere")
    with pytest.raises(OperatorError, match=r"bubblewrap could not start: .*nowhere"):
        sandbox.exec(["true"], timeout=10)
