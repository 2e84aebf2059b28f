"""
Postgres → people: GraphQL over HTTP and WebSocket, from state tables and the change feed.

Knows no chain, and writes nothing but who has signed in and what renters want to have run. `app` is the web
application, `program` serves it; `schema/` is what clients see, the `*_queries` modules ask Postgres and the `*_store`
modules write to it.
"""
