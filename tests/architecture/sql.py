"""Where SQL may stand: in the few modules named for it, so that one can read them and know every statement."""

import ast
import re
from collections.abc import Iterable, Iterator

from tests.architecture.source import Module

# A module may hold SQL when one of the words of its name is here: `state_store`, `queries`, …
NAMED_FOR_SQL = {"store", "outbox", "queries", "database", "state", "feed", "postgres", "migrations"}

STATEMENT = re.compile(
    r"""\s*(
        select\s .* \sfrom\s | select\s+\w+\( | insert\s+into\s | update\s+\S+\s+set\s | delete\s+from\s |
        with\s+(recursive\s+)?\w+\s+as\s | copy\s+\S+\s+(\(|from\s|to\s) | truncate\s+\w |
        (create|alter|drop)\s+(table|index|database|schema|role|type|extension)\s | lock\s+table\s | notify\s+\w+\b$
    )""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)


def stray_sql(modules: Iterable[Module]) -> list[str]:
    """Complain about each string that begins like a statement of SQL in a module not named for it."""
    return [
        f"{module.at(node)}: SQL belongs to a module named for it, not to {module.name}"
        for module in modules
        if not _is_named_for_sql(module)
        for node, value in _strings(module.tree)
        if STATEMENT.match(value)
    ]


def _is_named_for_sql(module: Module) -> bool:
    words = {module.room, *module.own_name.split("_")}
    return not words.isdisjoint(NAMED_FOR_SQL)


def _strings(tree: ast.Module) -> Iterator[tuple[ast.Constant, str]]:
    """Yield the string constants that are not docstrings or other free-standing text."""
    prose = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            yield node, node.value
