"""Blobs and the vault: what is kept, and who may read it."""

import stat
import threading
from pathlib import Path

import pytest

from aarlab.canonical import digest
from aarlab.errors import OperatorError, UserError
from aarlab.lab.blobs import FolderBlobs
from aarlab.lab.vault import Vault


def test_a_blob_is_named_by_its_content_and_kept_once(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "blobs")
    threads = [threading.Thread(target=blobs.put, args=(b"student",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    name = blobs.put(b"student")
    assert name == digest(b"student")
    assert blobs.get(name) == b"student"
    assert [path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == [name]


@pytest.mark.parametrize("name", ["", "0" * 64, "../../etc/passwd", "0" * 63 + "/", "A" * 64])
def test_unknown_names_are_no_files(tmp_path: Path, name: str) -> None:
    blobs = FolderBlobs(tmp_path / "blobs")
    assert name not in blobs
    with pytest.raises(KeyError):
        blobs.get(name)


def test_a_changed_blob_is_not_served(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "blobs")
    name = blobs.put(b"student")
    (tmp_path / "blobs" / name[:2] / name).write_bytes(b"another")
    with pytest.raises(OperatorError, match="was changed"):
        blobs.get(name)


def test_the_vault_keeps_a_random_key_to_itself(tmp_path: Path) -> None:
    vault, other = Vault(tmp_path / "a", seed=None), Vault(tmp_path / "b", seed=None)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a" / "key").stat().st_mode) == 0o600
    assert len((tmp_path / "a" / "key").read_bytes()) == 32
    assert vault.seed("x", 1) == Vault(tmp_path / "a", seed=None).seed("x", 1)
    assert vault.seed("x", 1) != other.seed("x", 1)
    assert vault.seeds("verify", "content", count=3) == tuple(
        vault.seed("verify", "content", index) for index in range(3)
    )


def test_a_fixed_seed_fixes_the_key(tmp_path: Path) -> None:
    assert Vault(tmp_path / "a", seed=7).subkey("data") == Vault(tmp_path / "b", seed=7).subkey("data")
    assert Vault(tmp_path / "a", seed=7).subkey("data") != Vault(tmp_path / "c", seed=8).subkey("data")
    with pytest.raises(UserError, match="began with another seed"):
        Vault(tmp_path / "a", seed=8)


def test_an_open_or_broken_vault_is_refused(tmp_path: Path) -> None:
    Vault(tmp_path / "a", seed=7)
    (tmp_path / "a" / "key").chmod(0o644)
    with pytest.raises(OperatorError, match="mode 600"):
        Vault(tmp_path / "a", seed=7)
    (tmp_path / "a" / "key").chmod(0o600)
    (tmp_path / "a").chmod(0o755)
    with pytest.raises(OperatorError, match="chmod 700"):
        Vault(tmp_path / "a", seed=7)
