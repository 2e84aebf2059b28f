"""The block of each chain that an answer stands on, as text: what `graphql_api.blocks` says, said in SQL."""

from graphql_api.compiled.json_text import (
    Expression,
    Literal,
    Parts,
    bare,
    concatenated,
    hexed,
    members,
    moment,
    quoted,
)
from models.values import Chain

_NAMES = " ".join(f"when '{chain}' then '{chain.name}'" for chain in Chain)


def blocks() -> Parts:
    """Return the array of them, in the snapshot of the statement itself."""
    block = members(
        [
            ("chain", quoted(f"case it.chain {_NAMES} end")),
            ("number", bare("it.number")),
            ("hash", hexed("it.hash")),
            ("timestamp", moment("it.block_time")),
            ("final", bare("it.number <= it.final_through")),
            ("stateThrough", bare("it.state_through")),
        ]
    )
    gathered = f"select string_agg({concatenated(block)}, ',' order by it.chain) from checkpoints it"
    return [Literal("["), Expression(f"coalesce(({gathered}), '')"), Literal("]")]
