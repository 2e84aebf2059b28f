"""Chain → Postgres: follow both chains block range by block range into checkpointed tables."""
