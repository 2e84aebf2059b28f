"""Postgres → NATS and chain: send each job to its provider's agent, and credit finished jobs on chain."""
