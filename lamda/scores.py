"""What `lamda scores` shows: do both chains and our tables agree on how many jobs each provider finished?"""

from pathlib import Path

from rich.table import Table

from chain.contracts import Deployed
from devnet.actors import World
from devnet.deploy import Contracts
from devnet.scores import Score
from devnet.world import Place, WorldFolder
from devnet.world import World as Record
from lamda import targets
from models.values import checksum_address, parse_address
from runtime.errors import CannotRun
from runtime.ports import LOOPBACK


def running_world(data: Path) -> World:
    """Return the world that runs in a data folder. Raises `CannotRun` when there is none."""
    record = WorldFolder(data).last()
    api = targets.read(data).get("api")
    if not isinstance(record, Record) or record.job_manager is None or record.node_reputation is None:
        raise CannotRun(f"no world in {data}: start one with `lamda up`, or name its folder with --data")
    if api is None:
        raise CannotRun(f"the world in {data} has not come up yet")
    return World(
        bsc_url=f"http://{LOOPBACK}:{record.bsc_port}",
        opbnb_url=f"http://{LOOPBACK}:{record.opbnb_port}",
        contracts=Contracts(
            job_manager=_deployed(record.job_manager), node_reputation=_deployed(record.node_reputation)
        ),
        api_url=f"http://{api}",
    )


def table(scores: list[Score]) -> Table:
    """Lay the counts out as a table: confirmed on BSC, credited on opBNB, shown by the API."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("provider", "BSC", "opBNB", "API", ""):
        shown.add_column(column, justify="left" if column in ("provider", "") else "right", no_wrap=True)
    for score in scores:
        counts = (score.confirmed, score.credited, "–" if score.shown is None else score.shown)
        shown.add_row(checksum_address(score.provider), *map(str, counts), "agree" if score.agrees else "on its way")
    return shown


def _deployed(place: Place) -> Deployed:
    return Deployed(address=parse_address(place.address), block=place.block)
