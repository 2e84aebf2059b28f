"""
Hold a folder for one run at a time.

The kernel keeps the lock (`flock`) and drops it when the holder ends, however it ends; children do not inherit it.
What lies in the folder is its owner's business.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from runtime.errors import CannotRun

LOCK_FILE = "lock"


class FolderInUse(CannotRun):
    """Another run holds the folder."""


class DataFolder:
    """A folder that is ours while locked; made when missing, readable by nobody else; `option` is what names it."""

    def __init__(self, path: Path, *, option: str = "--data") -> None:
        self.path = path.resolve()
        self._option = option
        self._lock: int | None = None

    def lock(self) -> None:
        """Take the folder, or raise `FolderInUse` with the process that holds it."""
        lock = self._open_lock()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode().strip() or "unknown"
            os.close(lock)
            raise FolderInUse(
                f"data folder {self.path} is in use by process {holder}; stop it or choose another with {self._option}"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock

    def unlock(self) -> None:
        """Give the folder back. The lock file stays: removing it would let two runs lock two files."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        self.lock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unlock()

    def _open_lock(self) -> int:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self.path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotRun(
                f"data folder {self.path} cannot be used: {error.strerror}; "
                f"make it writable for this user or choose another with {self._option}"
            ) from error
