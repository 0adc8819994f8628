"""Why this host may not give us what a sandbox needs, and what to do about it. One line each."""

import platform
import re
import shutil
import subprocess
from pathlib import Path

MINIMUM = (0, 8, 0)
"""The first bubblewrap with --size and --disable-userns."""
UNSAFE = "--set sandbox.backend=unsafe-local runs without isolation, and its results never rank"


def _setting(name: str) -> str | None:
    try:
        return Path(f"/proc/sys/{name}").read_text().strip()
    except OSError:
        return None


def bubblewrap_version() -> tuple[int, ...] | None:
    """The installed version, or None."""
    program = shutil.which("bwrap", path="/usr/bin:/bin")
    if program is None:
        return None
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def bubblewrap_problem() -> str | None:
    """What is wrong with bubblewrap itself, and how to get it right."""
    if platform.system() != "Linux":
        return f"sandboxes need Linux, this is {platform.system()}: use a Linux machine, virtual machine or container"
    version = bubblewrap_version()
    if version is None:
        return "bubblewrap is not installed: apt-get install bubblewrap"
    if version < MINIMUM:
        found = ".".join(map(str, version))
        return f"bubblewrap {found} is too old, 0.8 or later is needed: Debian 12 and Ubuntu 24.04 have it"
    return None


def namespace_problem() -> str | None:
    """What this host has against user namespaces."""
    if _setting("user/max_user_namespaces") == "0":
        return "user namespaces are switched off: sysctl user.max_user_namespaces=15000"
    if _setting("kernel/unprivileged_userns_clone") == "0":
        return "user namespaces are for root only: sysctl kernel.unprivileged_userns_clone=1"
    if _setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor restricts user namespaces (Ubuntu 23.10 and later): apt-get install apparmor-profiles and copy "
            "/usr/share/apparmor/extra-profiles/bwrap-userns-restrict to /etc/apparmor.d, or "
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        )
    return None


def explain(message: str) -> str:
    """A reason with a remedy for what bubblewrap said when it failed."""
    problem = bubblewrap_problem()
    if problem is not None:
        return problem
    if any(word in message for word in ("namespace", "uid map", "loopback", "pivot", "mount")):
        container = "inside a container it must be started with --security-opt seccomp=unconfined or --privileged"
        return f"{message} ({namespace_problem() or container})"
    return message
