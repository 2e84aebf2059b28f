"""How much of live answers one process, one address and one client may have; a connection is a socket or a stream."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Count = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]


class LiveSettings(BaseSettings):
    """
    What bounds connections that stay.

    `operations` are those of one connection, `selections` the different ones that are watched in the process,
    `queue_bytes` what may wait for a client that reads slowly, and `messages` what it may send in ten seconds.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    api_live_connections_max: Count = 20_000
    api_live_connections_per_address_max: Count = 1_000
    api_live_operations_max: Count = 100
    api_live_selections_max: Count = 1_000
    api_live_queue_bytes_max: Count = 1_048_576
    api_live_messages_max: Count = 500
    api_live_init_seconds_max: Seconds = 10.0
    api_live_session_check_seconds: Seconds = 5.0
