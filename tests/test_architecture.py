"""
The arrows of the house, the purity of deciding modules, and the shape of what is written.

The checks live in `tests/architecture`. Each rule is held against the whole house, and then against a few lines that
break it, because a check that cannot fail proves nothing.
"""

import pytest

from tests.architecture import arrows, purity, shape, source, sql

ROOMS = [*arrows.FLOORS, arrows.MIGRATIONS]
WRITTEN_BY_HAND = [*ROOMS, "tests", "benchmarks", "dashboard"]


@pytest.fixture(scope="module")
def house() -> list[source.Module]:
    """Every module of every room."""
    return source.read(*ROOMS)


@pytest.fixture(scope="module")
def everything() -> list[source.Module]:
    """Every module of ours, tests too, but for migrations, which never change after they land."""
    return [module for module in source.read(*WRITTEN_BY_HAND) if not module.name.startswith("migrations.versions")]


def hold(complaints: list[str]) -> None:
    """Fail with every complaint on a line of its own."""
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


def test_every_package_has_a_floor() -> None:
    """A new room is a decision: it gets its place among the floors."""
    packages = {path.parent.name for path in source.ROOT.glob("*/__init__.py")}

    assert set() == packages - {*ROOMS, "tests", "benchmarks"}


def test_imports_go_down_the_floors(house: list[source.Module]) -> None:
    """A room imports lower floors only; siblings meet in Postgres; one room owns each edge library."""
    hold(arrows.wrong_arrows(house))


def test_imports_stand_at_the_top(house: list[source.Module]) -> None:
    """A late import hides an arrow."""
    hold(arrows.late_imports(house))


def test_imports_never_go_in_a_circle(house: list[source.Module]) -> None:
    """Two modules that need each other are one module, or three."""
    hold(arrows.import_cycles(house))


def test_deciding_modules_are_pure(house: list[source.Module]) -> None:
    """A verb module has the same answer for the same arguments, whenever and wherever."""
    hold(purity.impurities(house))


def test_files_are_one_idea_long() -> None:
    """A file ends at 300 lines, whatever its language."""
    texts = source.read_texts(*WRITTEN_BY_HAND, endings={".py", ".sol", ".mjs", ".ts", ".tsx", ".css"})

    hold(shape.oversized_files(text for text in texts if "migrations/versions" not in text[0]))


def test_functions_fit_a_hand(everything: list[source.Module]) -> None:
    """A body ends at 45 lines."""
    hold(shape.oversized_functions(everything))


def test_modules_are_named_for_what_they_do(everything: list[source.Module]) -> None:
    """Nothing is called utils, helpers or base."""
    hold(shape.nameless_modules(everything))


def test_public_things_have_docstrings(house: list[source.Module]) -> None:
    """Each module, public class and public function says what it is for; one-statement methods may go without."""
    hold(shape.missing_docstrings(house))


def test_everything_is_caught_in_one_place(house: list[source.Module]) -> None:
    """Only the lifecycle swallows an error it does not know."""
    hold(shape.broad_catches(house))


def test_sql_stands_in_modules_named_for_it(house: list[source.Module]) -> None:
    """Whoever looks for a statement knows where to look."""
    hold(sql.stray_sql(house))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("models.job", "import runtime.settings"),
        ("runtime.bus", "from chain import rpc"),
        ("indexer.follower", "from graphql_api.app import app"),
        ("devnet.actors", "import indexer"),
        ("graphql_api.queries", "from chain.rpc import Endpoint"),
        ("indexer.store", "from contracts import artifact"),
        ("runtime.database", "import migrations"),
        ("migrations.env", "from chain import rpc"),
        ("indexer.follower", "from web3 import Web3"),
        ("runtime.bus", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lamda import cli"),
        ("models.job", "def price():\n    from chain import rpc"),
    ],
)
def test_a_wrong_arrow_is_noticed(name: str, text: str) -> None:
    """Upwards, sideways, for types only or late: it is an arrow all the same."""
    assert len(arrows.wrong_arrows([source.parse(name, text)])) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lamda.cli", "import indexer, migrations, runtime.settings"),
        ("indexer.follower", "from chain.rpc import Endpoint\nfrom . import plan"),
        ("chain.rpc", "import web3, contracts"),
        ("migrations.env", "from models import SQLModel\nfrom runtime.errors import CannotRun"),
    ],
)
def test_an_arrow_down_is_allowed(name: str, text: str) -> None:
    """Lower floors and one's own room are open, and libraries to their owner."""
    assert arrows.wrong_arrows([source.parse(name, text)]) == []


def test_a_late_import_is_noticed() -> None:
    """Also of a library, and once, however deep it is nested."""
    text = "def outer():\n    async def inner():\n        import json"

    assert len(arrows.late_imports([source.parse("chain.rpc", text)])) == 1


def test_a_circle_is_noticed_once() -> None:
    """The complaint shows the whole path; an import of one's own package is no circle."""
    modules = [
        source.parse("chain", "from chain import rpc", is_package=True),
        source.parse("chain.rpc", "from . import wire"),
        source.parse("chain.wire", "from chain.errors import TryAgain"),
        source.parse("chain.errors", "import chain.rpc"),
    ]

    assert arrows.import_cycles(modules) == ["chain.errors → chain.rpc → chain.wire → chain.errors"]


@pytest.mark.parametrize(
    "text",
    [
        "async def decide(): ...",
        "import asyncio",
        "import random",
        "from time import time",
        "import structlog",
        "import os",
        "from indexer import store",
        "from chain.rpc import Endpoint",
        "from chain.rpc import decode",
        "import msgspec",
        "from datetime import datetime\nNOW = datetime.now()",
        "from uuid import uuid4\nNAME = uuid4()",
        "def decide():\n    global count",
        "TEXT = open('/etc/hosts')",
    ],
)
def test_an_impure_decision_is_noticed(text: str) -> None:
    """Waiting, clocks, dice, logs, files, environment and resources have no place in a verb."""
    assert len(purity.impurities([source.parse("indexer.plan", text)])) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("indexer.plan", "from chain.wire import Header\nfrom models.values import BlockRange\nimport math"),
        ("indexer.reconcile", "from datetime import UTC, datetime\nEPOCH = datetime.fromtimestamp(0, UTC)"),
        ("dispatch.settle", "from dispatch.credit_values import Intent"),
        ("chain.wire", "import msgspec"),
        ("indexer.store", "import asyncio"),
    ],
)
def test_values_and_resources_stay_free(name: str, text: str) -> None:
    """A verb may speak in values; a noun may hold what it likes."""
    assert purity.impurities([source.parse(name, text)]) == []


def test_a_long_file_is_noticed() -> None:
    """300 lines pass, 301 do not."""
    assert shape.oversized_files([("a.py", "\n" * 300), ("b.py", "\n" * 301)]) == ["b.py: 301 lines, 300 at most"]


def test_a_long_function_is_noticed() -> None:
    """45 lines of body pass, 46 do not."""
    text = "".join(f"def take_{lines}():\n" + "    pass\n" * lines for lines in (45, 46))

    assert shape.oversized_functions([source.parse("chain.rpc", text)]) == [
        "chain.rpc:47: take_46() has 46 lines, 45 at most"
    ]


def test_an_empty_name_is_noticed() -> None:
    """A name that fits everything says nothing."""
    assert len(shape.nameless_modules([source.parse("chain.utils", ""), source.parse("chain.rpc", "")])) == 1


@pytest.mark.parametrize(
    "text",
    [
        "import json",
        '"""Says."""\ndef ask(): ...',
        '"""Says."""\nclass Endpoint:\n    pass',
        '"""Says."""\nclass Endpoint:\n    """Says."""\n    def ask(self):\n        self.asked = 1\n        return 2',
    ],
)
def test_a_missing_docstring_is_noticed(text: str) -> None:
    """Of a module, a function, a class, and a method of more than one statement."""
    assert len(shape.missing_docstrings([source.parse("chain.rpc", text)])) == 1


def test_small_and_private_things_may_go_without_docstring() -> None:
    """Dunders, overrides, described fields, one-statement methods, what is private, and an empty file."""
    text = '''"""Says."""
def _inner():
    ...
class Range:
    """Says."""
    def __init__(self, first):
        self.first = first
        self.last = first
    @property
    def size(self):
        return self.last - self.first + 1
    @override
    def run(self):
        self.first = 1
        self.last = 2
    @strawberry.field(description="Says.")
    def jobs(self):
        self.first = 1
        self.last = 2
'''

    assert shape.missing_docstrings([source.parse("chain.rpc", text), source.parse("chain", "")]) == []


@pytest.mark.parametrize("caught", ["", " Exception", " (ValueError, Exception) as error", " BaseException"])
def test_a_broad_catch_is_noticed(caught: str) -> None:
    """Unless it raises again, or is the lifecycle's."""
    swallowed = f"try:\n    pass\nexcept{caught}:\n    pass"
    raised = f"try:\n    pass\nexcept{caught}:\n    raise"

    complaints = shape.broad_catches(
        [
            source.parse("chain.rpc", swallowed),
            source.parse("chain.wire", raised),
            source.parse("runtime.lifecycle", swallowed),
        ]
    )

    assert len(complaints) == 1


@pytest.mark.parametrize(
    "text",
    [
        "select id from jobs",
        "\n    with keys as (select 1) select * from keys",
        "insert into jobs (id) values (%s)",
        "update checkpoints set number = %s",
        "delete from blocks where number > %s",
        "copy job_created (job_id) from stdin (format binary)",
        "create database x",
    ],
)
def test_stray_sql_is_noticed(text: str) -> None:
    """In plain strings and in formatted ones; not in modules named for it, and not in prose."""
    plain = source.parse("indexer.follower", f"STATEMENT = {text!r}")
    formatted = source.parse("indexer.backfill", f"def read(limit):\n    return f{text + ' {limit}'!r}")
    named = source.parse("runtime.state_store", f"STATEMENT = {text!r}")
    prose = source.parse("indexer.follower", f'"""{text}"""\nNOTE = "update the checkpoint, then copy what is new"')

    assert len(sql.stray_sql([plain, formatted, named, prose])) == 2
