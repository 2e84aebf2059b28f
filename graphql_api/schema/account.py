"""Who signs in, and what they get."""

from datetime import datetime
from functools import partial

import strawberry

from graphql_api.pages import read_page
from graphql_api.scalars import Address
from graphql_api.schema.chain import Info
from graphql_api.schema.connection import Connection, Listing
from graphql_api.schema.filters import JobFilter, job_criteria, order_of_jobs
from graphql_api.schema.market import Job, Provider
from graphql_api.viewers import Viewer


@strawberry.type
class Account:
    """Somebody who has signed in with their wallet."""

    address: Address
    is_admin: bool

    @strawberry.field
    async def provider(self, info: Info) -> Provider | None:
        """The provider it is; null when opBNB has never seen it."""
        row = await info.context.provider(self.address)
        return None if row is None else Provider.of(row)

    @strawberry.field
    def jobs(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[Job]:
        """The jobs it rents, newest first."""
        criteria = job_criteria(JobFilter(renter=self.address))
        page = read_page(order_of_jobs(None), first=first, after=after)
        return Connection(
            listing=Listing(
                page=page,
                rows=partial(info.context.jobs, criteria, page),
                count=partial(info.context.job_count, criteria),
                item=Job.of,
            )
        )

    @classmethod
    def of(cls, viewer: Viewer) -> "Account":
        """Return somebody as they see themselves."""
        return cls(address=Address(viewer.shown), is_admin=viewer.is_admin)


@strawberry.type
class Session:
    """What to send with each request from now on: `Authorization: Bearer ` and the token."""

    token: str
    expires_at: datetime
    account: Account


@strawberry.type
class AgentCredential:
    """What an agent connects to NATS with."""

    url: str
    token: str
    expires_at: datetime
    dispatch_subject: str
    status_subject: str
