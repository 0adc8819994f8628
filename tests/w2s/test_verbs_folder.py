"""tools/verbs_folder.py writes the folder that docs/ordering.md measures on."""

import hashlib
import subprocess
import sys
from pathlib import Path

from aarlab.w2s.own_data import read_rows

TOOL = Path(__file__).parents[2] / "tools" / "verbs_folder.py"
TEST_DIGEST = "e58ae1788aa908c13d569fc518e73f0921ed81bb12fd0f67aab8c785fdb7c3a9"


def test_the_folder_is_the_measured_one_and_can_be_read(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(TOOL), str(tmp_path)], check=True)
    rows, _ = read_rows(tmp_path, limit=None)
    assert len(rows) == 2000
    assert sum(row.label for row in rows) == 1000
    assert hashlib.sha256((tmp_path / "test.jsonl").read_bytes()).hexdigest() == TEST_DIGEST
