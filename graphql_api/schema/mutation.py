"""
What can be done.

Whoever acts is looked up in a snapshot that is closed before anything is written: what is shown afterwards is what
then is there, and no connection waits for another.
"""

import strawberry

from graphql_api import account_queries
from graphql_api.cookies import forget_session
from graphql_api.entering import enter, leave
from graphql_api.errors import Forbidden, Unavailable
from graphql_api.scalars import Bytes32
from graphql_api.schema.account import Account, AgentCredential, Session
from graphql_api.schema.chain import Info
from graphql_api.schema.life import JobSpec, JobSpecInput
from graphql_api.specs import check
from graphql_api.viewers import Viewer


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


async def _acting(info: Info) -> Viewer:
    viewer = await info.context.signed_in()
    await info.context.close()
    return viewer
