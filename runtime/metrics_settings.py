"""The settings of where a program's metrics can be read."""

import secrets

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.settings import TcpPort


class MetricsSettings(BaseSettings):
    """
    Where indexer and reactor listen for whoever reads their metrics; unset, they do not. The API has a port anyway.

    With `metrics_token`, `/metrics` of every program is told only to who shows it as `Authorization: Bearer …`.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    metrics_host: str = "127.0.0.1"
    metrics_port: TcpPort | None = None
    metrics_token: SecretStr | None = None

    def lets_read(self, authorization: str) -> bool:
        """Say whether whoever shows this as `Authorization` may read metrics."""
        if self.metrics_token is None:
            return True
        expected = f"Bearer {self.metrics_token.get_secret_value()}"
        return secrets.compare_digest(authorization.encode(errors="replace"), expected.encode())
