"""The careful reader on a kernel without openat2: the same tests, run where a filter says there is no such call."""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

NO_OPENAT2 = [(0x20, 0, 0, 0), (0x15, 0, 1, 437), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7FFF0000)]


def test_the_reader_holds_without_openat2() -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("needs bubblewrap to put the filter on")
    descriptor = os.memfd_create("filter", 0)
    os.write(descriptor, b"".join(struct.pack("<HBBI", *instruction) for instruction in NO_OPENAT2))
    os.lseek(descriptor, 0, os.SEEK_SET)
    check = "from aarlab.sandbox.reader import has_openat2 as has; import pytest, sys; assert not has(); "
    tests = str(Path(__file__).with_name("test_reader.py"))
    code = (
        f"{check}sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '-k', 'not inside and not belongs', {tests!r}]))"
    )
    argv = ["bwrap", "--dev-bind", "/", "/", "--seccomp", str(descriptor), "--", sys.executable, "-c", code]
    done = subprocess.run(argv, pass_fds=(descriptor,), capture_output=True, text=True, check=False)
    os.close(descriptor)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-500:]
