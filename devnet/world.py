"""
Remember which world a data folder holds, and decide whether a run goes on with it.

A world is two chains, the contracts on them, and the database that was filled from them; `world.json` ties the three
together. The chains are written out only when they are stopped in order. After anything else they are not to be
trusted, and a database that saw more than they remember could never follow them again: so a world that was not
stopped in order is left, and a new one begun, in folders and a database of its own.

    data folder/world.json        the record of the current world
    data folder/worlds/<id>/…     its chains
    database lamda_<id>           what was read from them

Starting and stopping what belongs to a world is left to others.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

RECORD = "world.json"
WORLDS = "worlds"
CHAINS = ("bsc", "opbnb")
STATE = "state.json"
DATABASE_PREFIX = "lamda_"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a contract is, and the block it is there from."""

    address: str
    block: int


class World(msgspec.Struct, frozen=True, kw_only=True):
    """One world. `clean` says that it was stopped in order; without contracts it is not finished yet."""

    id: str
    clean: bool = False
    bsc_port: int
    opbnb_port: int
    job_manager: Place | None = None
    node_reputation: Place | None = None

    @property
    def database(self) -> str:
        """The name of the database that belongs to it."""
        return f"{DATABASE_PREFIX}{self.id}"

    @property
    def is_whole(self) -> bool:
        """Say whether its contracts are there."""
        return self.job_manager is not None and self.node_reputation is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A record that is there and says nothing to us."""

    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue:
    """Go on with the world of the last run."""

    world: World


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Begin a new world; `why` is empty when there was none before."""

    world: World
    why: str


def choose(last: World | Unreadable | None, *, chains_saved: bool, new: World) -> Continue | Begin:
    """Decide between the world of the last run and a new one."""
    match last:
        case None:
            why = ""
        case Unreadable(problem=problem):
            why = f"the record of the last world cannot be read ({problem})"
        case World(clean=False):
            why = f"world {last.id} was not stopped in order, so its chains cannot be trusted"
        case World() if not (last.is_whole and chains_saved):
            why = f"world {last.id} is not whole: its contracts or the state of its chains are missing"
        case _:
            return Continue(world=last)
    return Begin(world=new, why=why)


class WorldFolder:
    """The part of a data folder that worlds live in."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def last(self) -> World | Unreadable | None:
        """Return the record the last run left, if there is one."""
        try:
            return msgspec.json.decode((self._data / RECORD).read_bytes(), type=World)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            return Unreadable(problem=f"{self._data / RECORD}: {error}")

    def save(self, world: World) -> None:
        """Write the record, whole or not at all, so that it outlives a power cut."""
        self._data.mkdir(parents=True, exist_ok=True)
        unfinished = self._data / f"{RECORD}.new"
        with unfinished.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(world)))
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self._data / RECORD)

    def chain_folder(self, world: World, chain: str) -> Path:
        """Return the folder of one of the world's chains."""
        return self._data / WORLDS / world.id / chain

    def chains_saved(self, world: World | Unreadable | None) -> bool:
        """Say whether the state of both chains was written out."""
        return isinstance(world, World) and all((self.chain_folder(world, chain) / STATE).is_file() for chain in CHAINS)

    def forget_chains_of_others(self, world: World) -> None:
        """Delete the chains of every other world: nothing can be read from them any more."""
        for folder in (self._data / WORLDS).glob("*"):
            if folder.name != world.id:
                shutil.rmtree(folder)


def begun(world: World) -> World:
    """Return the record as it stands while the world runs: not clean until it was stopped in order."""
    return msgspec.structs.replace(world, clean=False)


def stopped(world: World) -> World:
    """Return the record of a world whose chains were written out and whose programs have ended."""
    return msgspec.structs.replace(world, clean=True)
