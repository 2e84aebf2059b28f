"""
What can be done.

Whoever acts is looked up in a snapshot that is closed before anything is written: what is shown afterwards is what
then is there, and no connection waits for another.
"""

import strawberry

from graphql_api import account_queries
from graphql_api.cookies import forget_session
from graphql_api.entering import enter, leave
from graphql_api.errors import Conflict, Forbidden, Unavailable
from graphql_api.scalars import Bytes32
from graphql_api.schema.account import Account, AgentCredential, Session
from graphql_api.schema.chain import ChainStatus, Info
from graphql_api.schema.life import JobSpec, JobSpecInput
from graphql_api.schema.market import Job
from graphql_api.schema.operating import Reindex
from graphql_api.specs import check
from graphql_api.viewers import Viewer
from models.values import Chain, show_bytes


@strawberry.type
class Mutation:
    """The entry to everything that can be done."""

    @strawberry.mutation
    async def sign_in_nonce(self, info: Info) -> str:
        """A nonce for one message of Sign-In with Ethereum, good for ten minutes."""
        return await info.context.world.accounts.issue_nonce()

    @strawberry.mutation
    async def sign_in(self, info: Info, message: str, signature: str) -> Session:
        """
        Sign in with a message of Sign-In with Ethereum (EIP-4361) and the wallet's signature of it.

        The message must expire within 24 hours. Its nonce is used up, whether this succeeds or not.
        """
        entry = await enter(info.context.world, message, signature)
        info.context.token = entry.session.token
        account = Account.of(entry.viewer)
        return Session(token=entry.session.token, expires_at=entry.session.expires_at, account=account)

    @strawberry.mutation
    async def sign_out(self, info: Info) -> bool:
        """End this session; false when there was none."""
        reading = info.context
        token, reading.token = reading.token, None
        await reading.close()
        if reading.visitor is not None and reading.visitor.response is not None:
            forget_session(reading.visitor.response, reading.world.terms)
        return await leave(reading.world, token)

    @strawberry.mutation
    async def submit_job_spec(self, info: Info, job_id: Bytes32, spec: JobSpecInput) -> JobSpec:
        """
        Say what to run for a job; for its renter only.

        May be done before the job is on chain, and again until it has been dispatched.
        """
        viewer = await _acting(info)
        wanted = spec.spec()
        check(wanted)
        submitted_at = await info.context.world.specs.submit(job_id, viewer.address, wanted)
        return JobSpec(
            docker_image=wanted.docker_image,
            input_url=wanted.input_url,
            output_bucket=wanted.output_bucket,
            output_name=wanted.output_name,
            min_vram_mib=wanted.min_vram_mib,
            gpu_model=wanted.gpu_model,
            submitted_at=submitted_at,
        )

    @strawberry.mutation
    async def agent_credential(self, info: Info) -> AgentCredential:
        """What a provider's agent connects to NATS with, for 24 hours; for providers only."""
        world = info.context.world
        viewer = await info.context.signed_in()
        is_provider = await account_queries.is_provider(info.context.snapshot, viewer.address, viewer.shown)
        await info.context.close()
        if not is_provider:
            raise Forbidden(f"{viewer.shown} is not a provider: register it on opBNB first (registerNode)")
        if world.agents_url is None:
            raise Unavailable("agents cannot be let in: this API has no NATS (setting NATS_URL)")
        if barred := await world.accounts.why_barred(viewer.address):
            raise Forbidden(f"the agent of {viewer.shown} is {barred}")
        issued = await world.accounts.issue_credential(viewer.address)
        return AgentCredential(
            url=world.agents_url,
            token=issued.token,
            expires_at=issued.expires_at,
            dispatch_subject=f"jobs.dispatch.{viewer.shown}",
            status_subject=f"agents.{viewer.shown}.status",
        )

    @strawberry.mutation
    async def revoke_agent_credentials(self, info: Info) -> int:
        """
        Take back all credentials of this wallet's agent, as after a leak, and return how many there were.

        Who is connected with one is disconnected soon. A new credential can be had at once.
        """
        viewer = await _acting(info)
        return await info.context.world.accounts.revoke_credentials(viewer.address)

    @strawberry.mutation
    async def reindex(self, info: Info, chain: Chain, from_block: int) -> Reindex:
        """
        Have a chain read again from a block on, and what differs applied in one go; for admins only.

        Returns at once; `reindexes` says how far it is. One at a time on each chain.
        """
        viewer = await _operating(info)
        number = await info.context.world.admin.reindex(chain, from_block, by=viewer.shown)
        row = await info.context.reindex(number)
        if row is None:
            raise Unavailable(f"reindex {number} was asked for, and cannot be shown now: look at reindexes")
        return Reindex.of(row)

    @strawberry.mutation
    async def resume(self, info: Info, chain: Chain) -> ChainStatus:
        """
        Let a paused chain go on; for admins only.

        Returns at once how it stands; its indexer does the rest. After a reorg deeper than finality this is the word
        to take back what left the chain.
        """
        viewer = await _operating(info)
        await info.context.world.admin.resume(chain, by=viewer.shown)
        rows = await info.context.checkpoints()
        return next(ChainStatus.of(row, info.context.world) for row in rows if row.chain == chain)

    @strawberry.mutation
    async def retry_dispatch(self, info: Info, job_id: Bytes32) -> Job:
        """
        Have an open job handed to its agent again at once, and one that failed run once more; for admins only.

        A job whose agent has delivered a result is not run again: its renter has to look at it.
        """
        viewer = await _operating(info)
        await info.context.world.admin.retry(job_id, by=viewer.shown)
        row = await info.context.job(job_id)
        if row is None:
            raise Conflict(f"job {show_bytes(job_id)} was undone by a reorganisation meanwhile")
        return Job.of(row)

    @strawberry.mutation
    async def pause_credits(self, info: Info, paused: bool) -> bool:
        """
        Have all signers of credits sign nothing new, or go on; for admins only.

        Returns whether they are paused now. What is signed already goes on: its nonces are spent.
        """
        viewer = await _operating(info)
        return await info.context.world.admin.pause_credits(paused=paused, by=viewer.shown)


async def _acting(info: Info) -> Viewer:
    viewer = await info.context.signed_in()
    await info.context.close()
    return viewer


async def _operating(info: Info) -> Viewer:
    viewer = await info.context.admin()
    await info.context.close()
    return viewer
