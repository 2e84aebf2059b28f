"""A run goes on with a world that was stopped in order, and begins another after anything else."""

from pathlib import Path

import pytest

from devnet.world import Begin, Continue, Place, Unreadable, World, WorldFolder, begun, choose, stopped

NEW = World(id="new", bsc_port=3, opbnb_port=4)
WHOLE = World(
    id="old",
    clean=True,
    bsc_port=1,
    opbnb_port=2,
    job_manager=Place(address="0x5FbDB2315678afecb367f032d93F642f64180aa3", block=1),
    node_reputation=Place(address="0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512", block=2),
)


def test_the_first_run_begins_a_world_and_has_nothing_to_explain() -> None:
    assert Begin(world=NEW, why="") == choose(None, chains_saved=False, new=NEW)


def test_a_world_stopped_in_order_goes_on() -> None:
    assert Continue(world=WHOLE) == choose(WHOLE, chains_saved=True, new=NEW)


@pytest.mark.parametrize(
    ("last", "chains_saved", "why"),
    [
        (begun(WHOLE), True, "world old was not stopped in order"),
        (WHOLE, False, "world old is not whole"),
        (World(id="old", clean=True, bsc_port=1, opbnb_port=2), True, "world old is not whole"),
        (Unreadable(problem="world.json: truncated"), True, "cannot be read (world.json: truncated)"),
    ],
    ids=["killed", "chains lost", "never deployed", "unreadable"],
)
def test_after_anything_else_a_new_world_begins_and_says_why(
    last: World | Unreadable, chains_saved: bool, why: str
) -> None:
    decision = choose(last, chains_saved=chains_saved, new=NEW)

    assert isinstance(decision, Begin)
    assert decision.world == NEW
    assert why in decision.why


def test_worlds_never_share_a_database() -> None:
    assert (WHOLE.database, NEW.database) == ("lamda_old", "lamda_new")


def test_a_running_world_is_not_clean_and_a_stopped_one_is() -> None:
    assert not begun(WHOLE).clean
    assert stopped(begun(WHOLE)) == WHOLE


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder = WorldFolder(tmp_path / "data")
    folder.save(WHOLE)

    assert folder.last() == WHOLE


def test_no_record_is_no_world(tmp_path: Path) -> None:
    assert WorldFolder(tmp_path).last() is None


@pytest.mark.parametrize("text", ["", "{", '{"id": 7}'])
def test_a_broken_record_is_told_from_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "world.json").write_text(text)

    assert isinstance(WorldFolder(tmp_path).last(), Unreadable)


def test_chains_count_as_saved_when_both_are(tmp_path: Path) -> None:
    folder = WorldFolder(tmp_path)
    folder.chain_folder(WHOLE, "bsc").mkdir(parents=True)
    (folder.chain_folder(WHOLE, "bsc") / "state.json").touch()
    assert not folder.chains_saved(WHOLE)

    folder.chain_folder(WHOLE, "opbnb").mkdir(parents=True)
    (folder.chain_folder(WHOLE, "opbnb") / "state.json").touch()
    assert folder.chains_saved(WHOLE)


def test_the_chains_of_other_worlds_are_deleted_and_ours_kept(tmp_path: Path) -> None:
    folder = WorldFolder(tmp_path)
    for world in (WHOLE, NEW):
        folder.chain_folder(world, "bsc").mkdir(parents=True)

    folder.forget_chains_of_others(NEW)

    assert not folder.chain_folder(WHOLE, "bsc").exists()
    assert folder.chain_folder(NEW, "bsc").exists()
