"""
The arrows between rooms: imports go down the floors, siblings never meet, and nothing goes in a circle.

    4  lamda
    3  indexer   dispatch   graphql_api   devnet
    2  chain
    1  runtime
    0  models    contracts
"""

import ast
from collections.abc import Iterable, Mapping

from tests.architecture.source import Module, imports

FLOORS = {
    "models": 0,
    "contracts": 0,
    "runtime": 1,
    "chain": 2,
    "indexer": 3,
    "dispatch": 3,
    "graphql_api": 3,
    "devnet": 3,
    "lamda": 4,
}

# The schema's history is outside of the floors: it looks at models and runtime only, and the face runs it.
MIGRATIONS = "migrations"
SEEN_BY_MIGRATIONS = {"models", "runtime"}

# ABI and bytecode are chain's business; devnet deploys them.
CONTRACT_READERS = {"chain", "devnet"}

# The one module of the API that may ask a chain, to verify the signature of a contract wallet.
API_MODULES_WITH_CHAIN = {"graphql_api.wallet_check"}

# Who may import a library that is the business of one room.
LIBRARY_OWNERS = {"web3": "chain"}


def wrong_arrows(modules: Iterable[Module]) -> list[str]:
    """Complain about each import of a room that the importing module may not use."""
    return [
        f"{module.at(found.node)}: {module.room} may not import {found.candidates[-1]}"
        for module in modules
        for found in imports(module)
        if not _may_import(module, found.top)
    ]


def late_imports(modules: Iterable[Module]) -> list[str]:
    """Complain about each import inside a function, but for commands: each loads the program that it runs."""
    return [complaint for module in modules if not _is_command(module) for complaint in _late_imports(module)]


def import_cycles(modules: Iterable[Module]) -> list[str]:
    """Complain about each circle of imports, once, as a path that ends where it began."""
    by_name = {module.name: module for module in modules}
    graph = {name: _neighbours(module, set(by_name)) for name, module in by_name.items()}
    circles = {_rotated(circle) for start in graph for circle in _circle_through(start, graph)}
    return [" → ".join([*circle, circle[0]]) for circle in sorted(circles)]


def _is_command(module: Module) -> bool:
    return module.room == "lamda" and module.name.endswith("cli")


def _may_import(module: Module, target: str) -> bool:
    room = module.room
    if target in LIBRARY_OWNERS:
        return room == LIBRARY_OWNERS[target]
    if room == target or target not in {*FLOORS, MIGRATIONS}:
        return True
    if room == MIGRATIONS:
        return target in SEEN_BY_MIGRATIONS
    if target == MIGRATIONS:
        return room == "lamda"
    if target == "contracts":
        return room in CONTRACT_READERS
    if (room, target) == ("graphql_api", "chain"):
        return module.name in API_MODULES_WITH_CHAIN
    return FLOORS[target] < FLOORS[room]


def _late_imports(module: Module) -> list[str]:
    functions = [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    late = {
        module.at(node): None
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    return [f"{place}: import inside of a function; this module or that one is in the wrong room" for place in late]


def _neighbours(module: Module, known: set[str]) -> list[str]:
    return sorted({found.resolve(known) for found in imports(module)} & known - {module.name})


def _circle_through(start: str, graph: Mapping[str, list[str]]) -> list[tuple[str, ...]]:
    """Return a shortest circle through a module, or nothing."""
    paths: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while paths:
        path = paths.pop(0)
        for name in graph[path[-1]]:
            if name == start:
                return [path]
            if name not in seen:
                seen.add(name)
                paths.append((*path, name))
    return []


def _rotated(circle: tuple[str, ...]) -> tuple[str, ...]:
    first = circle.index(min(circle))
    return circle[first:] + circle[:first]
