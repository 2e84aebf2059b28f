"""
Name the causes of where a job stands, beyond the job itself, and what each asks of whom.

The reason of a job (`models.reason`) says what it waits for. What it waits for waits for something, too: for our copy
of a chain, for a chain's finality, for a program, for the signer, for a person. Pure: `explain` gathers, this decides.
"""

from collections.abc import Iterator

from lamda.cause_values import Cause, CopySeen, JobSeen, Surroundings
from models.credit_values import CreditStatus
from models.values import EscrowStatus, JobStatus

BEHIND_BLOCKS = 20
"""Further behind its head than this, what our copy does not show yet may be the answer."""

CREDIT_IS_DONE = {CreditStatus.FINAL, CreditStatus.ADOPTED}
CREDIT_WAITS_FOR_SIGNER = {None, CreditStatus.WAITING, CreditStatus.SIGNED, CreditStatus.REVERTED}


def causes(job: JobSeen, around: Surroundings) -> list[Cause]:
    """Return the causes that the surroundings give for where a job stands, the nearest first."""
    if job.escrow is EscrowStatus.HELD:
        return [*_of_open(job, around), *_of_copy(around.bsc, "what renter and provider did since is not shown")]
    if not job.is_assigned or job.credit in CREDIT_IS_DONE:
        return list(_of_claim(job, around))
    return [*_of_claim(job, around), *_of_credit(job, around)]


def causes_of_absence(bsc: CopySeen | None) -> list[Cause]:
    """Return why a job may not be in the database at all."""
    if bsc is None:
        return [Cause(text="nothing of bsc is indexed in this database", remedy="start `lamda index`")]
    through = f"bsc is indexed through block {bsc.indexed:,}, {bsc.lag_seconds:,.0f} s old, of {bsc.head:,}"
    return [
        Cause(text=through, remedy="look up its transaction: is it mined, not reverted, and at our JobManager?"),
        *_of_copy(bsc, "it may be in a block that is not read yet"),
    ]


def _of_open(job: JobSeen, around: Surroundings) -> Iterator[Cause]:
    if not job.is_assigned:
        yield Cause(text="the contract pays the provider that the job names, and it names nobody: no retry can help")
    elif job.status is JobStatus.FAILED:
        yield Cause(text="a failed job is not run again by itself", remedy="`lamda retry JOB` has it run once more")
    elif job.status is JobStatus.COMPLETED:
        yield Cause(text="only the renter can confirm on chain", remedy="the renter calls confirmResult(jobId)")
    elif not job.sent:
        yield from _of_unsent(job, around)
    elif job.status is not JobStatus.RUNNING:
        remedy = "`lamda retry JOB` sends it at once; `lamda agents` says whose agents may connect"
        yield Cause(text="it is sent again by itself, ever more rarely, until its agent speaks", remedy=remedy)
    yield from _of_refusals(around)


def _of_unsent(job: JobSeen, around: Surroundings) -> Iterator[Cause]:
    if not job.has_spec:
        remedy = "the renter hands it in, signed in with the wallet that created the job (docs/api.md)"
        yield Cause(text="no spec of this job's renter is here; one of another wallet does not count", remedy=remedy)
    if around.bsc is not None and job.block > around.bsc.final_through:
        yield _not_final("its creation", job.block, around.bsc)
    elif job.has_spec:
        text = "it is final and has a spec, and nothing has sent it"
        remedy = "is `lamda react` running? its log says what it waits for: NATS, or an endpoint that proves the job"
        yield Cause(text=text, remedy=remedy)


def _of_refusals(around: Surroundings) -> Iterator[Cause]:
    for each in around.refusals:
        text = f"{each.count:,} reports of its provider were refused today: {each.reason}"
        yield Cause(text=text, remedy="docs/agents.md says what a report must hold")


def _of_claim(job: JobSeen, around: Surroundings) -> Iterator[Cause]:
    if job.escrow is EscrowStatus.CONFIRMED:
        yield Cause(text="only the provider can claim", remedy="the provider calls claimReward(jobId)")
        yield from _of_copy(around.bsc, "a claim since then is not shown")


def _of_credit(job: JobSeen, around: Surroundings) -> Iterator[Cause]:
    """Yield why the provider has no final credit yet: what has to come first is told first."""
    bsc, opbnb = around.bsc, around.opbnb
    if job.credit is None and bsc is not None and (job.confirmed_block or 0) > bsc.final_through:
        yield _not_final("its confirmation", job.confirmed_block or 0, bsc)
        return
    if job.credit is CreditStatus.BLOCKED:
        said = f": {job.credit_said}" if job.credit_said else ""
        remedy = "it is asked again by itself, ever more rarely; `lamda credits` lists all that are refused"
        yield Cause(text=f"the contract refuses to credit this provider{said}", remedy=remedy)
    if job.credit in CREDIT_WAITS_FOR_SIGNER:
        yield from _of_signers(around)
    if job.credit is CreditStatus.SENT:
        remedy = "it is sent again and made dearer by itself; docs/operations/stuck-transaction.md"
        text = f"its transaction {job.transaction} is with opBNB's endpoints and in no block that we have"
        yield Cause(text=text, remedy=remedy)
        yield from _of_signers(around, but="PAUSED")
    if job.credit is CreditStatus.MINED and opbnb is not None and not opbnb.notes:
        trails = opbnb.head - opbnb.finalized
        yield Cause(text=f"opbnb calls a block final when {trails:,} more have come, as of now: minutes, usually")
    yield from _of_copy(opbnb, "a credit since then is not shown")


def _of_signers(around: Surroundings, *, but: str = "") -> Iterator[Cause]:
    if not around.signers:
        yield Cause(text="no reactor has ever signed for this database", remedy="start `lamda react` with a key")
    for signer in around.signers:
        if signer.word in _STANDS.keys() - {but}:
            yield Cause(text=f"the signer {_STANDS[signer.word]}: {signer.reason}", remedy=_REMEDIES[signer.word])


_STANDS = {"HALTED": "is halted", "PAUSED": "is paused", "SILENT": "is silent", "WAITS": "waits"}
_REMEDIES = {
    "HALTED": "find out who used the key, then `lamda credits adopt`",
    "PAUSED": "`lamda credits resume`",
    "SILENT": "start `lamda react`",
    "WAITS": None,
}


def _of_copy(copy: CopySeen | None, meaning: str) -> Iterator[Cause]:
    """Yield what stands in the way of our copy of a chain, and what that means here."""
    if copy is None:
        yield Cause(text=f"nothing of this chain is indexed: {meaning}", remedy="start `lamda index`")
        return
    for note in copy.notes:
        yield Cause(text=f"{copy.chain}: {note}; {meaning}")
    if not copy.notes and copy.head - copy.indexed > BEHIND_BLOCKS:
        text = f"{copy.chain} is indexed {copy.head - copy.indexed:,} blocks behind its head: {meaning}"
        yield Cause(text=text, remedy="`lamda status` says how long it takes to catch up")


def _not_final(what: str, block: int, copy: CopySeen) -> Cause:
    text = f"{what} is in block {block:,}, and {copy.chain} is final through {copy.final_through:,} for us"
    if copy.notes:
        return Cause(text=f"{text}; {copy.notes[0]}")
    return Cause(text=text, remedy="that takes seconds; where it does not, see docs/operations/finality.md")
