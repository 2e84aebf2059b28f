"""The values that pass between the beats of dispatch and of the intake of reports."""

from dataclasses import dataclass
from enum import StrEnum

from dispatch.verify import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """
    A job that is due for an attempt: its provider, what its `JobCreated` said and where, the attempts before.

    `is_repeat` says that the last of them was at this very provider, so that its log has been read again before.
    """

    claim: Claim
    provider: bytes
    attempts: int
    is_repeat: bool = False

    @property
    def job_id(self) -> bytes:
        return self.claim.job_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """
    One attempt to hand a job to its provider's agent; `token` comes back in the agent's reports.

    `retry` is decided with it: the number of the job's newest retry then, 0 when it is to be run for the first time.
    """

    job_id: bytes
    number: int
    provider: bytes
    token: str
    retry: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What to run, as the renter said; None where they left it out."""

    docker_image: str
    input_url: str | None
    output_bucket: str | None
    output_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes out over the bus. A message id that was seen before is not stored again."""

    subject: str
    message_id: str
    payload: bytes


class Said(StrEnum):
    """What an agent can say of a job, in the words that `agent_reports` keeps."""

    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What came from an agent, read but not yet believed.

    `sender` is the address that the subject vouches for or the body claims; None where neither names one.
    """

    job_id: bytes
    said: Said
    sender: bytes | None
    token: str | None
    message: str | None = None
    output_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The newest report we believed of a job, since its newest retry: to which attempt, and what it said."""

    attempt: int
    said: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """
    What we know of a job that somebody reports on.

    `attempts` are those addressed to its provider, by token; those up to `over_through` were for an earlier retry than
    the newest, or for none. `is_over` when the chain has settled the job, finally.
    """

    provider: bytes
    attempts: dict[str, int]
    answered: Answered | None
    is_over: bool
    over_through: int = 0
