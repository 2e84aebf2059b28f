"""What renters hand in follows from the job, and any card of the local world can run it."""

from devnet.providers import CARDS
from devnet.specs import IMAGES, spec_of

JOBS = [bytes([number]) * 32 for number in range(100)]


def test_a_job_has_one_spec() -> None:
    """A renter who was away hands in the same."""
    assert [spec_of(job) for job in JOBS] == [spec_of(job) for job in JOBS]


def test_jobs_differ() -> None:
    assert {spec_of(job).docker_image for job in JOBS} == set(IMAGES)
    assert len({(spec_of(job).input_url, spec_of(job).output_name) for job in JOBS}) == len(JOBS)


def test_every_card_has_the_memory_that_is_asked_for() -> None:
    assert max(spec_of(job).min_vram_mib or 0 for job in JOBS) <= min(card.vram_mib for card in CARDS)
