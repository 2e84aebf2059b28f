"""
Who has signed in: nonces given out, sessions of wallets, and credentials of agents, and who asked how often.

Secrets are kept hashed.
"""

from datetime import datetime

from sqlmodel import SQLModel

from models.columns import Field, Integer, LargeBinary, Text, Timestamp


class SignInNonce(SQLModel, table=True):
    """A nonce for one sign-in; deleted when it is used, whether the sign-in succeeds or not."""

    __tablename__ = "sign_in_nonces"

    nonce: str = Field(sa_type=Text, primary_key=True)
    expires_at: datetime = Field(sa_type=Timestamp)


class Session(SQLModel, table=True):
    """A wallet that has signed in; `token_hash` is the SHA-256 of the token that its holder shows."""

    __tablename__ = "sessions"

    token_hash: bytes = Field(sa_type=LargeBinary, primary_key=True)
    address: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)


class AgentCredential(SQLModel, table=True):
    """What an agent of a provider may connect to NATS with, until it expires; the token is kept as its SHA-256."""

    __tablename__ = "agent_credentials"

    token_hash: bytes = Field(sa_type=LargeBinary, primary_key=True)
    address: bytes = Field(sa_type=LargeBinary)
    expires_at: datetime = Field(sa_type=Timestamp)


class QuotaCount(SQLModel, table=True):
    """How often somebody, a wallet or the address of a client, did what a quota counts in the minute since a moment."""

    __tablename__ = "quota_counts"

    name: str = Field(sa_type=Text, primary_key=True)
    holder: str = Field(sa_type=Text, primary_key=True)
    since: datetime = Field(sa_type=Timestamp)
    count: int = Field(sa_type=Integer)
