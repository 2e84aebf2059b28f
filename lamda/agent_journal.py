"""
What the reference agent knows of its jobs, on disk before anything is done about it.

    folder/journal   a line of JSON for each thing that happened: taken, begun, ended, told; forced to disk each
    folder/lock      held while an agent works on it

A job is known from the moment it is acknowledged, so none is lost, and for ever after, so none is run twice unless a
person asked for it: by a greater `retry` than we know. One that was begun and not ended died with its agent, and is run
again.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from devnet.assignments import PROCESSING, Assignment, Outcome, Said
from models.values import parse_bytes32, show_bytes
from runtime.data_folder import DataFolder
from runtime.errors import CannotRun

JOURNAL = "journal"

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A job as the agent knows it: the newest message about it, its run, how that ended, and what was told of it."""

    message: str
    attempt: int
    retry: int = 0
    run: str | None = None
    outcome: Outcome | None = None
    told: Said | None = None

    @property
    def untold(self) -> Outcome | None:
        """What is to be reported of it, or None when it has been, or there is nothing yet."""
        now = self.outcome or (PROCESSING if self.run else None)
        return None if now is None or now.said is self.told else now


class Journal:
    """The jobs of one agent, in the order in which they came."""

    def __init__(self, file: BinaryIO, works: dict[bytes, Work]) -> None:
        self._file = file
        self._works = works

    @property
    def begun(self) -> list[str]:
        """The runs that have begun and not ended."""
        return [work.run for work in self._works.values() if work.run and work.outcome is None]

    @property
    def waiting(self) -> list[tuple[bytes, Work]]:
        """The jobs that have not been run to an end."""
        return [(job_id, work) for job_id, work in self._works.items() if work.outcome is None]

    @property
    def untold(self) -> list[tuple[bytes, Work, Outcome]]:
        """The jobs of which something is to be reported, and what."""
        return [(job_id, work, told) for job_id, work in self._works.items() if (told := work.untold)]

    def take(self, job: Assignment, message: str, *, is_repeat: bool) -> bool:
        """Note that a job was handed over, again or for the first time; say whether it is to be run for that."""
        known = self._works.get(job.job_id)
        # A message that comes once more can be older than what was answered since, and an answer to it is stale.
        if known is None or not (is_repeat and job.attempt < known.attempt):
            self._note(_taken(job.job_id, message, job.attempt, job.retry))
        return known is None or _runs_again(known, job.retry)

    def begin(self, job_id: bytes, run: str) -> None:
        """Note that a job is about to be run."""
        self._note(_begun(job_id, run))

    def end(self, job_id: bytes, outcome: Outcome) -> None:
        """Note how the run of a job ended."""
        self._note(_ended(job_id, outcome))

    def tell(self, job_id: bytes, said: Said, *, attempt: int) -> None:
        """Note that something was reported, in answer to an attempt."""
        self._note(_told(job_id, said, attempt))

    def _note(self, record: Record) -> None:
        try:
            self._file.write(_line(record))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise CannotRun(f"the journal {self._file.name} cannot be written: {error.strerror}; make room") from error
        _apply(self._works, record)


@contextmanager
def open_journal(folder: Path) -> Iterator[Journal]:
    """Open the journal in a folder, which is made when missing. Raises `FolderInUse`."""
    with DataFolder(folder, option="--state") as data:
        path = data.path / JOURNAL
        works = _read(path)
        _write_anew(path, works)
        with path.open("ab") as file:
            yield Journal(file, works)


def _read(path: Path) -> dict[bytes, Work]:
    works: dict[bytes, Work] = {}
    written = path.read_bytes() if path.exists() else b""
    # What a crash has cut short had not been acted upon.
    for number, line in enumerate(written.split(b"\n")[:-1], start=1):
        try:
            _apply(works, json.loads(line))
        except (ValueError, LookupError, TypeError) as error:
            raise CannotRun(
                f"line {number} of the journal {path} is damaged ({error}); without the journal jobs would be run "
                "twice: mend the line, or begin with another --state if no job of before can come again"
            ) from error
    return works


def _apply(works: dict[bytes, Work], record: Record) -> None:
    job_id = parse_bytes32(record["job"])
    known = works.get(job_id, Work(message="", attempt=0))
    match record["event"]:
        case "taken":
            # Journals of before know of no retries.
            retry = record.get("retry", 0)
            if _runs_again(known, retry):
                known = replace(known, run=None, outcome=None)
            # Handed over again: what was told before was perhaps not heard.
            known = replace(known, message=record["message"], attempt=record["attempt"], told=None)
            known = replace(known, retry=max(known.retry, retry))
        case "begun":
            known = replace(known, run=record["run"])
        case "ended":
            outcome = Outcome(said=Said(record["said"]), message=record["message"], output_url=record["output_url"])
            known = replace(known, outcome=outcome)
        case "told" if record["attempt"] == known.attempt:
            known = replace(known, told=Said(record["said"]))
    works[job_id] = known


def _runs_again(known: Work, retry: int) -> bool:
    """Say whether a person wants a job that has ended to be run once more; a run that goes on is the one wanted."""
    return known.outcome is not None and retry > known.retry


def _taken(job_id: bytes, message: str, attempt: int, retry: int) -> Record:
    return {"job": show_bytes(job_id), "event": "taken", "message": message, "attempt": attempt, "retry": retry}


def _begun(job_id: bytes, run: str) -> Record:
    return {"job": show_bytes(job_id), "event": "begun", "run": run}


def _ended(job_id: bytes, outcome: Outcome) -> Record:
    how = {"said": outcome.said, "message": outcome.message, "output_url": outcome.output_url}
    return {"job": show_bytes(job_id), "event": "ended", **how}


def _told(job_id: bytes, said: Said, attempt: int) -> Record:
    return {"job": show_bytes(job_id), "event": "told", "said": said, "attempt": attempt}


def _records(job_id: bytes, work: Work) -> Iterator[Record]:
    """Yield the fewest records that a job amounts to."""
    yield _taken(job_id, work.message, work.attempt, work.retry)
    if work.run is not None:
        yield _begun(job_id, work.run)
    if work.outcome is not None:
        yield _ended(job_id, work.outcome)
    if work.told is not None:
        yield _told(job_id, work.told, work.attempt)


def _line(record: Record) -> bytes:
    return json.dumps(record).encode() + b"\n"


def _write_anew(path: Path, works: dict[bytes, Work]) -> None:
    """Write what the journal amounts to, without the half line that a crash may have left."""
    unfinished = path.with_suffix(".new")
    with unfinished.open("wb") as file:
        for job_id, work in works.items():
            file.writelines(map(_line, _records(job_id, work)))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
