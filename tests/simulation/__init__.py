"""A seeded, hostile world that runs the real indexer against a real Postgres, in virtual time."""
