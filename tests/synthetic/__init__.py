"""Two made-up chains of any length, each block computed from its number, and a server that speaks JSON-RPC for them."""
