"""Who asks, and what that lets them read."""

from collections.abc import Set
from dataclasses import dataclass

from graphql_api.rows import JobRow
from models.values import checksum_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Somebody who has signed in; `shown` is the address in EIP-55 form, as state holds it."""

    address: bytes
    shown: str
    is_admin: bool

    @classmethod
    def of(cls, address: bytes, admins: Set[str]) -> "Viewer":
        """Return who an address is, given the EIP-55 forms of the admins."""
        shown = checksum_address(address)
        return cls(address=address, shown=shown, is_admin=shown in admins)

    def may_read(self, job: JobRow) -> bool:
        """Say whether they may see what a job runs and where its output is."""
        return self.is_admin or self.shown in (job.renter, job.provider)
