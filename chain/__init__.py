"""The JSON-RPC edge: endpoints, error families, ABI and typed contract calls. Nothing above it imports web3."""
