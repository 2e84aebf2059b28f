"""
Subscriptions, over graphql-transport-ws and over SSE.

    feed ─► Broadcast ─► Topic ─► Audience ─► Subscriber ─► Outbox ─► socket or stream
            one reader    one selection:       replay first   bounded
            a process     told once for all

What is told of a change is worked out once for everybody who asks for the same of it and may see the same; delivering
it costs one text. Whoever reads too slowly is closed, with a code that says so, and resumes from its last cursor.
"""
