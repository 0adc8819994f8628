"""Commands in a researcher's sandbox that go for the host: its processes, memory, disk, cores and network."""

import os
import secrets
from collections.abc import Callable
from typing import Any

from aarlab.redteam.attack import Attack, Blow
from aarlab.redteam.hands import answers, inside, not_enforced
from aarlab.redteam.naive import NaiveScorer
from aarlab.redteam.naive_host import CAP, RULES, Listeners
from aarlab.redteam.target import Range, Target

_WORKERS, _SECONDS = 8, 1.0
_RULE, _CORES = 0.02, 0.15
"""What the naive scorer allows; by how much the scheduler may round up."""
_STILL = {True: "the lab still answers", False: "the lab no longer answers"}


def _blow(target: Target, number: float, *, unit: str, bound: float, what: str, words: str) -> Blow:
    """A lab that no longer serves the others has lost, whatever was counted."""
    alive = answers(target)
    text = f"{not_enforced(target, what)}{words}; {_STILL[alive]}"
    return Blow(number if alive else float("inf"), unit, bound, text)


def _rule(bomb: str, unit: str, rule: str, own: Callable[[Target], int], extra: int) -> tuple[Any, Any]:
    """Both sides of an attack that takes more of something than it may. `own` is what the lab allows."""
    over = f"{unit} over what is allowed"

    def naive(scorer: NaiveScorer) -> Blow:
        got = scorer.explode(bomb, {"cap": CAP})
        return Blow(max(0, got - RULES[rule]), over, 0, f"{got:g} {unit} of {RULES[rule]} allowed; it could go on")

    def ours(labs: Range) -> Blow:
        target = labs.lab("system")
        allowed = own(target)
        got = inside(target, bomb, {"cap": allowed + extra, "folder": "/work"})
        target.sandbox("mallory").exec(["sh", "-c", "rm -f /work/fill*"], timeout=30)
        what = {"processes": "pids"}.get(rule, rule)
        words = f"{got:g} {unit} of {allowed} allowed, {allowed + extra} tried"
        return _blow(target, max(0.0, got - allowed), unit=over, bound=0, what=what, words=words)

    return naive, ours


# ---- cores --------------------------------------------------------------------------------------------------


def _naive_cpu(naive: NaiveScorer) -> Blow:
    """All cores that are free; on a busy host that is little, so the rule is little too."""
    used = naive.explode("cpu", {"workers": _WORKERS, "seconds": _SECONDS})
    return Blow(used - _RULE, _OVER, _CORES, f"{used:.2f} cores of {_RULE} allowed")


def _our_cpu(labs: Range) -> Blow:
    target = labs.lab("system")
    used = inside(target, "cpu", {"workers": _WORKERS, "seconds": _SECONDS})
    allowed = target.config.sandbox.cpus
    words = f"{used:.2f} cores of {allowed:g} allowed, {_WORKERS} processes, {os.cpu_count()} cores here"
    return _blow(target, max(0.0, used - allowed), unit=_OVER, bound=_CORES, what="cpu", words=words)


_OVER = "cores over what is allowed"


# ---- network ------------------------------------------------------------------------------------------------


def _naive_network(naive: NaiveScorer) -> Blow:
    with Listeners(secrets.token_hex(8)) as listeners:
        ways = naive.explode("network", listeners.order)
    return Blow(len(ways), _WAYS, 0, ", ".join(ways))


def _our_network(labs: Range) -> Blow:
    target = labs.lab("system")
    with Listeners(secrets.token_hex(8)) as listeners:
        ways = inside(target, "network", listeners.order)
    words = ", ".join(ways) or "loopback, abstract socket, internet route and vsock are shut"
    return _blow(target, len(ways), unit=_WAYS, bound=0, what="network", words=words)


_WAYS = "ways out"


# ---- others' processes --------------------------------------------------------------------------------------


def _naive_kill(naive: NaiveScorer) -> Blow:
    token = f"aarlab-{secrets.token_hex(8)}"
    with naive.neighbour(token) as process:
        naive.explode("kill", {"pids": [], "token": token})
        try:
            killed = process.wait(timeout=5) != 0
        finally:
            process.kill()
    return Blow(float(killed), _KILLED, 0, "found another researcher's process by its name and killed it")


def _our_kill(labs: Range) -> Blow:
    """The lab server itself, by its number and by its name."""
    target = labs.lab("system")
    server = int((target.paths.runtime / "server.pid").read_text())
    killed = inside(target, "kill", {"pids": [server], "token": str(target.paths.root)})
    words = f"{killed} signals delivered to the lab server or anything that names the study"
    return _blow(target, killed, unit=_KILLED, bound=0, what="processes", words=words)


_KILLED = "processes of others killed"


# ---- namespaces ---------------------------------------------------------------------------------------------


def _naive_namespaces(naive: NaiveScorer) -> Blow:
    made = naive.explode("namespaces", {})
    return Blow(len(made), _MADE, 0, ", ".join(made) or "this host makes none for anybody")


def _our_namespaces(labs: Range) -> Blow:
    target = labs.lab("system")
    made = inside(target, "namespaces", {})
    words = ", ".join(made) or "user, mount, network and process namespaces are refused"
    return _blow(target, len(made), unit=_MADE, bound=0, what="syscalls", words=words)


_MADE = "namespaces made"


_FORK = _rule("processes", "processes", "processes", lambda target: target.config.sandbox.pids, CAP)
_MEMORY = _rule("memory", "MB", "memory", lambda target: target.config.sandbox.memory_mb, CAP)
_ONE = _rule("one_file", "MB", "disk", lambda target: target.config.sandbox.disk_mb, 16)
_MANY = _rule("many_files", "MB", "disk", lambda target: target.config.sandbox.disk_mb, 16)

ATTACKS = (
    Attack("fork bomb", "host", "Starts processes until it is stopped.", *_FORK),
    Attack("memory", "host", "Several processes hold memory until they are stopped.", *_MEMORY),
    Attack("one large file", "host", "Fills the disk with one file.", *_ONE),
    Attack("many small files", "host", "Fills the disk with files of 64 kB.", *_MANY),
    Attack("all cores", "host", "Eight processes compute as fast as they can.", _naive_cpu, _our_cpu),
    Attack(
        "the network", "host", "Tries loopback, internet and the way to the hypervisor.", _naive_network, _our_network
    ),
    Attack("kill others", "host", "Kills processes of others, and the lab's.", _naive_kill, _our_kill),
    Attack(
        "namespaces of one's own",
        "host",
        "Makes namespaces, in which it would be root.",
        _naive_namespaces,
        _our_namespaces,
    ),
)
