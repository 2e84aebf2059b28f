"""
The short way for queries: one document, one plan, one SQL statement, whose JSON goes to the client as it is.

    body ──► plan (once a document) ──► arguments (coerced as ever) ──► statement (once a shape) ──► Postgres ──► body

The schema stays what answers must look like, and its general executor what answers everything. Here the part of it
that reads jobs and providers is answered equally, and faster. Whatever a plan does not cover, and every error, is left
to the general executor and counted.
"""

from starlette.types import ASGIApp

from graphql_api.answering import AnsweringSchema
from graphql_api.compiled.door import CompiledDoor
from graphql_api.compiled.plans import Plans
from graphql_api.reading import World


def compiled(general: ASGIApp, schema: AnsweringSchema, world: World) -> CompiledDoor:
    """Return a door that answers what it can from plans, and leaves the rest to the general one."""
    return CompiledDoor(general, Plans(schema), schema.limits, world.lines)
