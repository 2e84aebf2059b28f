"""Which schema a version can run on, and what a migration of the part before may do."""

import ast
import re
from collections.abc import Iterator

import pytest

import migrations
from migrations.parts import Part, Step, complaint, floor_of, needed

FIRST_IN_PARTS = "0011"
"""Migrations before this one are older than the rule."""

OLD = [Step("0001", Part.BEFORE), Step("0002", Part.BEFORE)]
NEW = [*OLD, Step("0003", Part.BEFORE), Step("0004", Part.AFTER)]

TAKES_AWAY = {"drop_table", "drop_column", "rename_table", "drop_constraint"}
SAYS_SO = re.compile(
    r"\b(drop\s+(table|column|function|trigger|view)|rename|set\s+not\s+null|truncate)\b", re.IGNORECASE
)


def test_a_version_needs_the_newest_part_before() -> None:
    """What comes after the deploy it can do with and without."""
    assert (needed(OLD), needed(NEW)) == ("0002", "0003")


def test_the_part_after_leaves_word_of_who_can_still_run() -> None:
    assert (floor_of("0004", NEW), floor_of("0003", NEW)) == ("0003", None)


@pytest.mark.parametrize(
    ("found", "floor", "history"),
    [
        ("0002", None, OLD),
        ("0003", None, OLD),
        ("0003", None, NEW),
        ("0004", "0003", NEW),
        ("0005", "0003", NEW),
    ],
)
def test_old_and_new_run_on_what_is_between_them(found: str, floor: str | None, history: list[Step]) -> None:
    """The old version on the part before, the new one on both, and each on what comes later and takes nothing away."""
    assert complaint(found, floor, history) is None


@pytest.mark.parametrize(
    ("found", "floor", "history", "words"),
    [
        (None, None, OLD, "at revision none, this program needs 0002: run `lamda migrate`"),
        ("0001", None, OLD, "at revision 0001, this program needs 0002: run `lamda migrate`"),
        ("0002", None, NEW, "at revision 0002, this program needs 0003: run `lamda migrate`"),
        ("0004", "0003", OLD, "took away what this program, made for 0002, needs: run a version made for 0003"),
        ("0009", "0008", NEW, "made for 0003, needs: run a version made for 0008"),
    ],
)
def test_who_cannot_run_is_told_why(found: str | None, floor: str | None, history: list[Step], words: str) -> None:
    """And what to do."""
    assert words in (complaint(found, floor, history) or "")


def test_no_migration_before_a_deploy_takes_anything_away() -> None:
    """The version that still runs needs it."""
    steps = [step for step in migrations.history() if step.part is Part.BEFORE and step.revision >= FIRST_IN_PARTS]
    files = [next((migrations.FOLDER / "versions").glob(f"{step.revision}_*.py")) for step in steps]

    assert [f"{path.name}: {each}" for path in files for each in takes_away(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "statement",
    [
        'op.drop_column("jobs", "error")',
        'op.execute("alter table jobs rename error to trouble")',
        'op.alter_column("jobs", "error", nullable=False)',
        'op.alter_column("jobs", "error", new_column_name="trouble")',
        'op.add_column("jobs", sa.Column("new", sa.Text(), nullable=False))',
    ],
)
def test_taking_away_is_noticed(statement: str) -> None:
    """By Alembic's words or by SQL; a column that must be filled counts, for the old version does not fill it."""
    assert len(list(takes_away(f"def upgrade():\n    {statement}"))) == 1


@pytest.mark.parametrize(
    "statement",
    [
        'op.add_column("jobs", sa.Column("new", sa.Text(), nullable=True))',
        'op.add_column("jobs", sa.Column("new", sa.Text(), nullable=False, server_default=""))',
        'op.drop_index("jobs_by_status")',
        'op.alter_column("jobs", "error", nullable=True)',
    ],
)
def test_adding_is_free(statement: str) -> None:
    assert (
        list(takes_away(f"def upgrade():\n    {statement}\ndef downgrade():\n    op.drop_column('jobs', 'new')")) == []
    )


def takes_away(text: str) -> Iterator[str]:
    """Yield what an upgrade does that code from before it may not survive."""
    upgrade = next(
        node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    )
    for node in ast.walk(upgrade):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SAYS_SO.search(node.value):
            yield node.value.strip()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _takes_away(node.func.attr, node):
            yield ast.unparse(node)


def _takes_away(name: str, call: ast.Call) -> bool:
    given = {each.arg: ast.unparse(each.value) for each in call.keywords}
    if name == "alter_column":
        return given.get("nullable") == "False" or bool({"new_column_name", "type_"} & set(given))
    if name == "add_column":
        columns = [each for each in call.args if isinstance(each, ast.Call)]
        options = [{each.arg: ast.unparse(each.value) for each in column.keywords} for column in columns]
        return any(each.get("nullable") == "False" and "server_default" not in each for each in options)
    return name in TAKES_AWAY
