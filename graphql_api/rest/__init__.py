"""
REST as older clients know it, and the document that describes it.

Each operation is described once (`operations`): its route and its part of the OpenAPI document both come from that
description. `catalogue` lists all operations; a module that has some of its own adds them there.
"""
