"""The agent's journal: what is in it is known after any crash."""

from dataclasses import replace
from pathlib import Path

import pytest

from devnet.assignments import PROCESSING, Assignment, Outcome, Said
from lamda.agent_journal import JOURNAL, open_journal
from runtime.data_folder import FolderInUse
from runtime.errors import CannotRun

JOB = Assignment(job_id=b"\x01" * 32, token="t", attempt=1, docker_image="alpine:3", output_url="gnfd://o/n")
AGAIN = Assignment(job_id=JOB.job_id, token="t2", attempt=2, docker_image="alpine:3", output_url="gnfd://o/n")
OTHER = Assignment(job_id=b"\x02" * 32, token="t", attempt=1, docker_image="alpine:3", output_url="gnfd://o/n")
DONE = Outcome(said=Said.COMPLETED, output_url="gnfd://o/n")


def test_a_job_waits_until_it_has_ended_through_restarts(tmp_path: Path) -> None:
    """In the order in which jobs came; what was begun and not ended has its run's name."""
    with open_journal(tmp_path) as journal:
        assert [journal.take(job, "message", is_repeat=False) for job in (JOB, OTHER, AGAIN)] == [True, True, False]
        journal.begin(JOB.job_id, "a run")
    with open_journal(tmp_path) as journal:
        assert [job_id for job_id, _ in journal.waiting] == [JOB.job_id, OTHER.job_id]
        assert journal.begun == ["a run"]
        journal.end(JOB.job_id, DONE)
    with open_journal(tmp_path) as journal:
        assert [job_id for job_id, _ in journal.waiting] == [OTHER.job_id]
        assert (journal.begun, journal.take(JOB, "message", is_repeat=False)) == ([], False)


def test_what_was_told_is_told_again_when_the_job_comes_again_only(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        journal.take(JOB, "message", is_repeat=False)
        assert journal.untold == []
        journal.begin(JOB.job_id, "a run")
        assert [told for _, _, told in journal.untold] == [PROCESSING]
        journal.tell(JOB.job_id, Said.PROCESSING, attempt=1)
        journal.end(JOB.job_id, DONE)
        journal.tell(JOB.job_id, Said.COMPLETED, attempt=1)
    with open_journal(tmp_path) as journal:
        assert journal.untold == []
        journal.take(AGAIN, "newer message", is_repeat=False)
        ((_, work, told),) = journal.untold
        journal.tell(JOB.job_id, Said.COMPLETED, attempt=1)

        assert (work.message, work.attempt, told) == ("newer message", 2, DONE)
        assert len(journal.untold) == 1


def test_an_older_attempt_that_comes_once_more_is_not_answered(tmp_path: Path) -> None:
    """It would be stale. One that comes for the first time is newer, whatever its number: the attempts began anew."""
    with open_journal(tmp_path) as journal:
        journal.take(AGAIN, "newer message", is_repeat=False)
        journal.take(JOB, "older message", is_repeat=True)
        journal.begin(JOB.job_id, "a run")

        ((_, work, _),) = journal.untold
        assert (work.message, work.attempt) == ("newer message", 2)

        journal.take(JOB, "message of a restored reactor", is_repeat=False)
        assert [work.attempt for _, work, _ in journal.untold] == [1]


RETRY = replace(AGAIN, retry=7)


def test_a_job_is_run_once_more_for_a_greater_retry_only(tmp_path: Path) -> None:
    """Once for each, through restarts, and whichever older message comes after it."""
    with open_journal(tmp_path) as journal:
        journal.take(JOB, "message", is_repeat=False)
        journal.begin(JOB.job_id, "a run")
        journal.end(JOB.job_id, DONE)
        assert journal.take(RETRY, "retry", is_repeat=False)
        assert [work.message for _, work in journal.waiting] == ["retry"]
        assert (journal.begun, journal.untold) == ([], [])
        journal.begin(JOB.job_id, "another run")
    with open_journal(tmp_path) as journal:
        assert journal.begun == ["another run"]
        journal.end(JOB.job_id, DONE)
    with open_journal(tmp_path) as journal:
        again = [RETRY, JOB, AGAIN, replace(RETRY, attempt=3), replace(RETRY, attempt=4, retry=6)]

        assert [journal.take(job, "again", is_repeat=False) for job in again] == [False] * 5
        assert journal.waiting == []


def test_a_run_under_way_counts_for_the_retry(tmp_path: Path) -> None:
    """Somebody else has said that the job failed; ours has not ended yet."""
    with open_journal(tmp_path) as journal:
        journal.take(JOB, "message", is_repeat=False)
        journal.begin(JOB.job_id, "a run")

        assert not journal.take(RETRY, "retry", is_repeat=False)
        assert journal.begun == ["a run"]
        journal.end(JOB.job_id, DONE)
        assert not journal.take(RETRY, "retry", is_repeat=False)


def test_a_journal_from_before_there_were_retries_is_read(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        journal.take(JOB, "message", is_repeat=False)
        journal.end(JOB.job_id, DONE)
    path = tmp_path / JOURNAL
    path.write_bytes(path.read_bytes().replace(b', "retry": 0', b""))

    with open_journal(tmp_path) as journal:
        assert journal.waiting == []
        assert journal.take(RETRY, "retry", is_repeat=False)


@pytest.mark.parametrize("lost", [1, 10, 60])
def test_a_line_cut_short_is_as_if_never_written(tmp_path: Path, lost: int) -> None:
    """And does not run into the next one."""
    with open_journal(tmp_path) as journal:
        journal.take(JOB, "message", is_repeat=False)
        journal.end(JOB.job_id, DONE)
    path = tmp_path / JOURNAL
    path.write_bytes(path.read_bytes()[:-lost])

    with open_journal(tmp_path) as journal:
        assert len(journal.waiting) == 1
        journal.end(JOB.job_id, DONE)
    with open_journal(tmp_path) as journal:
        assert journal.waiting == []


def test_damage_is_told_and_nothing_is_run_on_a_guess(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_text('{"job": "0x01"}\n')

    with pytest.raises(CannotRun, match="line 1 of the journal"), open_journal(tmp_path):
        pass


def test_two_agents_never_share_a_journal(tmp_path: Path) -> None:
    with open_journal(tmp_path), pytest.raises(FolderInUse), open_journal(tmp_path):
        pass
