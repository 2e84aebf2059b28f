"""
Count what somebody does against their quotas.

    request, operation      by client address, and by wallet where a session is shown
    mutation                by wallet, or by client address where nobody is signed in; for all processes together
    sign-in                 by client address; for all processes together
    WebSocket               by client address

A wallet is what the session of a token is of. Tokens that are nobody's are counted by address alone.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from graphql_api import account_queries
from graphql_api.account_store import hash_token
from graphql_api.errors import Declined
from graphql_api.meters import Meter, Quota, Standing
from graphql_api.quota_store import SharedMeter
from graphql_api.snapshot import Snapshot
from models.values import checksum_address
from runtime.database import Pool
from runtime.limit_settings import LimitSettings

SIGN_IN = "signIn"
WALLETS_KEPT = 10_000
"""Of how many tokens it is remembered whose they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """How often people may do what."""

    requests: Meter
    wallet_requests: Meter
    connections: Meter
    mutations: SharedMeter
    sign_ins: SharedMeter
    wallets: "Wallets"

    @classmethod
    def of(cls, settings: LimitSettings, pool: Pool) -> "Quotas":
        """Return the quotas that settings make."""
        return cls(
            requests=Meter(Quota(name="address", count=settings.api_requests_per_minute, what="requests")),
            wallet_requests=Meter(
                Quota(name="wallet", count=settings.api_wallet_requests_per_minute, what="requests of one wallet")
            ),
            connections=Meter(
                Quota(name="connections", count=settings.api_connections_per_minute, what="new WebSockets")
            ),
            mutations=SharedMeter(
                Quota(name="mutations", count=settings.api_mutations_per_minute, what="mutations"), pool
            ),
            sign_ins=SharedMeter(
                Quota(name="sign-ins", count=settings.api_sign_ins_per_minute, what="attempts to sign in"), pool
            ),
            wallets=Wallets(pool),
        )

    async def ask(self, address: str, token: str | None) -> list[Standing]:
        """Count one request or operation, and return how its sender stands with each quota."""
        standings = [self.requests.take(address)]
        if token is not None and not any(each and each.wait_seconds for each in standings):
            wallet = await self.wallets.of(token)
            standings.append(None if wallet is None else self.wallet_requests.take(wallet))
        return [each for each in standings if each is not None]

    async def act(self, address: str, token: str | None, fields: Mapping[str, int]) -> list[Standing]:
        """Count the fields of a mutation, each with how often it is there, and return what stands with the quotas."""
        sign_ins = fields.get(SIGN_IN, 0)
        others = sum(fields.values()) - sign_ins
        wallet = await self.wallets.of(token) if others and token is not None else None
        standings = [
            await self.sign_ins.take(address, sign_ins) if sign_ins else None,
            await self.mutations.take(wallet or address, others) if others else None,
        ]
        return [each for each in standings if each is not None]


class Wallets:
    """Whose tokens are, remembered also when the session has ended: here it is only about who asks how often."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: OrderedDict[bytes, str] = OrderedDict()

    async def of(self, token: str) -> str | None:
        """Return the wallet that a token was given to, or None where that is nobody or cannot be found out now."""
        hashed = hash_token(token)
        if (known := self._known.get(hashed)) is not None:
            self._known.move_to_end(hashed)
            return known
        address = await self._holder(hashed)
        if address is None:
            return None
        self._known[hashed] = checksum_address(address)
        if len(self._known) > WALLETS_KEPT:
            self._known.popitem(last=False)
        return self._known[hashed]

    async def _holder(self, hashed: bytes) -> bytes | None:
        snapshot = Snapshot(self._pool)
        try:
            return await account_queries.session_holder(snapshot, hashed)
        except Declined:
            # The operation itself will say what is wrong with the database.
            return None
        finally:
            await snapshot.close()
