"""What passes between an `Rpc` and an endpoint: bytes, whole or not at all."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """One whole HTTP answer."""

    status: int
    body: bytes
    retry_after: str | None = None
