"""
Postgres → people: GraphQL over HTTP and WebSocket, from state tables and the change feed.

Writes nothing and knows no chain. `app` is the web application, `program` serves it; `schema/` is what clients see,
the `*_queries` modules hold every statement of SQL.
"""
