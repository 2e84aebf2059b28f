"""How far each chain is, for metrics."""

from collections.abc import Mapping

from psycopg.rows import dict_row

from runtime.database import Connection
from runtime.database_figures import DatabaseFigures
from runtime.metrics import Figures, Metrics

PROGRESS = {
    "head_block": "Newest block that the endpoints know, as the chain's leader last committed it.",
    "finalized_block": "Newest block that the chain calls finalized.",
    "indexed_block": "Last block in our tables.",
    "final_block": "Newest of our blocks that can no longer be undone.",
    "state_block": "Block up to which jobs and providers follow from the events.",
    "lag_blocks": "Blocks between the last one in our tables and the head.",
    "lag_seconds": "Age of the last block in our tables, by the database's clock.",
    "idle_seconds": "Time since the chain's leader last committed or confirmed anything.",
    "paused": "1 while the chain stands still until a person decides, else 0.",
    "led": "1 while an indexer leads the chain, else 0.",
}
"""What is told of each chain, by the end of the metric's name."""


def declare(metrics: Metrics, figures: DatabaseFigures) -> None:
    """Declare the metrics of all chains; `figures` asks `read`."""
    for name, text in PROGRESS.items():
        metrics.gauge(f"lamda_chain_{name}", text, ("chain",), figures.of(name))


async def read(connection: Connection) -> Mapping[str, Figures]:
    """Return what is told of each chain that has a checkpoint."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(
        """
        select chain, head as head_block, finalized as finalized_block, number as indexed_block,
            final_through as final_block, state_through as state_block, greatest(0, head - number) as lag_blocks,
            greatest(0, extract(epoch from clock_timestamp() - block_time))::float as lag_seconds,
            greatest(0, extract(epoch from clock_timestamp() - updated_at))::float as idle_seconds,
            (paused_reason is not null)::integer as paused,
            coalesce(until >= clock_timestamp(), false)::integer as led
        from checkpoints left join leases using (chain)
        """
    )
    rows = await cursor.fetchall()
    return {name: {(row["chain"],): float(row[name]) for row in rows} for name in PROGRESS}
