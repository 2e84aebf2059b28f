"""
The settings of what the API puts up with: how much may be asked, how often, by whom and from where.

A rate of 0 per minute, like a batch of 0 operations, switches the thing off: no limit, no batching.
"""

import re
from ipaddress import ip_network
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from runtime.settings import split_words

_ORIGIN = re.compile(r"https?://[^/?#@\s*]+")


def _origins(value: object) -> object:
    origins = split_words(value)
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"{origin!r} is no origin: expected https://app.example.com, with its port and without a path"
            )
    return origins


def _networks(value: object) -> object:
    networks = split_words(value)
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise ValueError(f"{network!r} is neither an IP address nor a network: expected 10.0.0.0/8") from error
    return networks


Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)]
Networks = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_networks)]
Most = Annotated[int, Field(gt=0)]
Rate = Annotated[int, Field(ge=0)]


class LimitSettings(BaseSettings):
    """
    How large a question may be, how often somebody may ask, and which pages and proxies are ours.

    `api_origins` are the pages whose browsers may send a session's cookie, `api_trusted_proxies` who is believed when
    it names the client it asks for.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    api_depth_max: Most = 12
    api_fields_max: Most = 1000
    api_aliases_max: Most = 100
    api_tokens_max: Most = 4000
    api_cost_max: Most = 50_000
    api_batch_max: Rate = 0
    api_body_bytes_max: Most = 100_000
    api_frame_bytes_max: Most = 100_000
    api_introspection: bool = True
    api_requests_per_minute: Rate = 3000
    api_wallet_requests_per_minute: Rate = 3000
    api_connections_per_minute: Rate = 600
    api_mutations_per_minute: Rate = 300
    api_sign_ins_per_minute: Rate = 60
    api_origins: Origins = ()
    api_trusted_proxies: Networks = ()
