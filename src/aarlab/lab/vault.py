"""The vault: the key from which every hidden draw and all noise come, and the key with which the lab signs."""

import os
import secrets
import stat
from pathlib import Path

from aarlab.canonical import keyed_bytes, keyed_seed, write_atomic
from aarlab.errors import OperatorError, UserError

_KEY_BYTES = 32


class Keys:
    """Everything that follows from one secret key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        """`key` is never shown and never written."""
        self._key = key

    @classmethod
    def fresh(cls) -> "Keys":
        """Of a key that nobody knows and that is gone with the process."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    def seed(self, *parts: str | int) -> int:
        """A seed in [0, 2**63) for what `parts` name."""
        return keyed_seed(self._key, *parts)

    def seeds(self, purpose: str, *parts: str, count: int) -> tuple[int, ...]:
        """`count` seeds for one purpose."""
        return tuple(self.seed(purpose, *parts, index) for index in range(count))

    def subkey(self, *parts: str | int) -> bytes:
        """32 bytes for a part of the lab that needs a key of its own."""
        return keyed_bytes(self._key, *parts)


class Vault(Keys):
    """Holds keys of 32 bytes in a folder that only the lab's user may enter."""

    def __init__(self, folder: Path, *, seed: int | None) -> None:
        """Opens or creates the vault. A fixed `seed` fixes the key; None draws one at random.

        Raises UserError when the vault was made with another seed, OperatorError when others could read it.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            raise OperatorError(f"{folder} is open to other users; make it private: chmod 700 {folder}")
        self._folder = folder
        path = folder / "key"
        if not path.exists():
            write_atomic(path, _fixed(seed) if seed is not None else secrets.token_bytes(_KEY_BYTES), mode=0o600)
        super().__init__(_read_key(path))
        if seed is not None and self._key != _fixed(seed):
            raise UserError(f"study.seed is {seed}, but this study began with another seed; start a new study for it")

    def signing_key(self) -> bytes:
        """32 bytes with which the lab signs; drawn at random also when the seed is fixed, because a seed may be known.

        Raises OperatorError when others could read it.
        """
        path = self._folder / "signing.key"
        if not path.exists():
            write_atomic(path, secrets.token_bytes(_KEY_BYTES), mode=0o600)
        return _read_key(path)


def _fixed(seed: int) -> bytes:
    return keyed_bytes(b"aarlab study seed", "study", seed)


def _read_key(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as stream:
        mode, key = stat.S_IMODE(os.fstat(stream.fileno()).st_mode), stream.read()
    if mode & 0o077 or len(key) != _KEY_BYTES:
        raise OperatorError(f"{path} must hold {_KEY_BYTES} bytes and have mode 600; restore it from a backup")
    return key
