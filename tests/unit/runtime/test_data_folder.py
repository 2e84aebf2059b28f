"""A data folder belongs to one run at a time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.data_folder import DataFolder, FolderInUse
from runtime.errors import CannotRun

HOLD = """
import sys
from pathlib import Path
from runtime.data_folder import DataFolder

with DataFolder(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    """Start a process that holds the folder."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_second_run_is_told_which_process_holds_the_folder(tmp_path: Path) -> None:
    with hold(tmp_path) as holder:
        expected = f"data folder {tmp_path} is in use by process {holder.pid}; stop it or choose another with --data"
        with pytest.raises(FolderInUse) as refusal:
            DataFolder(tmp_path).lock()
        holder.kill()

    assert expected == str(refusal.value)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_lock_ends_with_its_holder_however_it_ends(tmp_path: Path, number: signal.Signals) -> None:
    with hold(tmp_path) as holder:
        holder.send_signal(number)

    with DataFolder(tmp_path):
        pass


def test_the_lock_is_given_back(tmp_path: Path) -> None:
    with DataFolder(tmp_path):
        pass

    with DataFolder(tmp_path):
        pass


def test_children_do_not_keep_the_lock(tmp_path: Path) -> None:
    with DataFolder(tmp_path):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)

    with child, DataFolder(tmp_path):
        child.kill()


def test_the_folder_is_made_and_closed_to_others(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "new" / "folder") as folder:
        assert folder.path.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(CannotRun, match=rf"data folder {tmp_path}/file cannot be used: .* --data"):
        DataFolder(tmp_path / "file").lock()


def test_the_holder_is_this_process_by_number(tmp_path: Path) -> None:
    with DataFolder(tmp_path):
        assert f"{os.getpid()}\n" == (tmp_path / "lock").read_text()
