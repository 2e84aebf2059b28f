"""Where the programs of a run are is kept for Prometheus, and for commands that come later."""

from pathlib import Path

from lamda import targets


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    """And nothing, where no run has come up yet."""
    assert targets.read(tmp_path) == {}
    written = {"api": "127.0.0.1:8081", "indexer": "127.0.0.1:9100"}

    targets.write(tmp_path, written)

    assert written == targets.read(tmp_path)
