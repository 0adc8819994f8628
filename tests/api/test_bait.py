"""Bait of a whole lab: laid at admission, watched also after a crash, absent where methods are verified."""

from pathlib import Path

from aarlab.fleet.housing import backend_of, house
from aarlab.integrity.bait import LABELS
from aarlab.settings import SandboxSettings
from tests.api.conftest import Begin
from tests.support.grounds import run
from tests.support.lab import LabProcess, until

NO_BAIT = (
    "import os\ndef train(data, seed):\n"
    "    hidden = [name for _, folders, files in os.walk('/data') for name in folders + files if name[0] == '.']\n"
    "    assert not hidden and os.listdir('/data')\n    return b'0.5'\n"
)
SETTINGS = SandboxSettings(memory_mb=256, disk_mb=16)


def opens(lab: LabProcess, index: int, name: str) -> None:
    """A researcher's command reads the bait."""
    with house(backend_of(SETTINGS), lab.paths, SETTINGS, name=name, index=index) as sandbox:
        assert "label" in run(sandbox, f"cat /data/{LABELS}")


def told(lab: LabProcess) -> list[str]:
    """Who has opened bait, by the incidents in the ledger."""
    raised = [event.body for event in lab.events() if event.kind == "incident.raised"]
    return [body["researcher"] for body in raised if body["detector"] == "bait"]


def test_the_server_says_who_opened_bait_before_and_after_a_crash(begin: Begin) -> None:
    lab = begin()
    for name in ("r1", "r2"):
        lab.admit(name)
    opens(lab, 1, "r2")
    until(lambda: len(told(lab)) == 1)
    lab.kill()
    lab.start()
    opens(lab, 0, "r1")
    until(lambda: len(told(lab)) == 2)
    assert told(lab) == ["r2", "r1"]
    assert lab.member("r1").incidents() == (), "a warning is the operator's until somebody has decided"


def test_a_study_may_go_without_bait(begin: Begin) -> None:
    lab = begin({"integrity": {"bait": False}})
    lab.admit("r1")
    found: list[Path] = sorted(lab.paths.data_of("r1").rglob("*"))
    assert [path.name for path in found] == ["inputs.json"]


def test_verification_has_no_bait_where_researchers_have(lab: LabProcess) -> None:
    member = lab.admit("r1")
    assert (lab.paths.data_of("r1") / LABELS).is_file()
    assert member.prove(NO_BAIT).status == "ok"
