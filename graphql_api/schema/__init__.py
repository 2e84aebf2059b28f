"""
The public schema: what clients see, in the names that are a promise to them.

A file an idea; `build` puts them together. Resolvers only say what they need: SQL stands in the `*_queries` modules,
and every rule that can be decided without a database stands in a module of its own.
"""

from graphql_api.schema.build import build

__all__ = ["build"]
