"""
The purity of deciding modules: same arguments, same answer.

A verb module decides (`plan`, `verify`, …). It has no `async`, clock, randomness, logging or environment, and it
imports only harmless parts of the standard library, `models`, other verb modules and value modules. A value module
holds shapes that verbs speak of; it obeys the same rules, but may use the libraries that its shapes are made with.
"""

import ast
from collections.abc import Iterable, Set

from tests.architecture.source import Module, imports

VERBS = {
    "appraise",
    "plan",
    "decode",
    "verify",
    "reconcile",
    "rank",
    "settle",
    "route",
    "judge",
    "permit",
    "diagnose",
    "attribute",
    "anticipate",
}
ROOMS_WITH_VERBS = {"models", "chain", "indexer", "dispatch", "graphql_api", "devnet", "lamda"}

HARMLESS_LIBRARY = {
    "abc", "base64", "binascii", "bisect", "collections", "dataclasses", "datetime", "decimal", "enum", "fractions",
    "functools", "hashlib", "heapq", "itertools", "json", "math", "operator", "re", "string", "struct", "types",
    "typing", "uuid",
}  # fmt: skip

# A module named for its values is a value module: `indexer.values`, `dispatch.credit_values`. These are, too, with
# what each may import beyond what verbs may.
VALUE_MODULES: dict[str, set[str]] = {
    "models.values": {"eth_hash"},
    "chain.wire": {"msgspec"},
    "chain.abi": {"eth_hash", "contracts"},
    "chain.calls": set(),
    "chain.sending": set(),
    "chain.errors": set(),
}

CLOCKS_AND_DICE = {"now", "utcnow", "today", "uuid1", "uuid4"}
IMPURE_FUNCTIONS = {"open", "print", "input", "breakpoint"}


def impurities(modules: Iterable[Module]) -> list[str]:
    """Complain about what a verb or value module does or imports beyond deciding."""
    everything = {module.name: module for module in modules}
    return [
        complaint
        for module in everything.values()
        if module.room in ROOMS_WITH_VERBS and _is_pure(module.name)
        for complaint in [*_impure_imports(module, everything.keys()), *_impure_acts(module)]
    ]


def _is_pure(name: str) -> bool:
    """Say whether a module's name promises purity."""
    own_name = name.rpartition(".")[2]
    return own_name in VERBS or own_name.split("_")[-1] == "values" or name in VALUE_MODULES


def _impure_imports(module: Module, known: Set[str]) -> list[str]:
    allowed = HARMLESS_LIBRARY | {"models"} | VALUE_MODULES.get(module.name, set())
    return [
        f"{module.at(found.node)}: a deciding module may not import {found.candidates[-1]}"
        for found in imports(module)
        if found.top not in allowed and not _is_pure(found.resolve(known))
    ]


def _impure_acts(module: Module) -> list[str]:
    return [
        f"{module.at(node)}: a deciding module may not use {act}"
        for node in ast.walk(module.tree)
        if (act := _impure_act(node))
    ]


def _impure_act(node: ast.AST) -> str:
    """Return the name of what is impure about a node, or nothing."""
    match node:
        case ast.AsyncFunctionDef() | ast.AsyncFor() | ast.AsyncWith() | ast.Await():
            return "async"
        case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCKS_AND_DICE:
            return f"{name}()"
        case ast.Call(func=ast.Name(id=name)) if name in CLOCKS_AND_DICE | IMPURE_FUNCTIONS:
            return f"{name}()"
        case ast.Global() | ast.Nonlocal():
            return "global or nonlocal state"
    return ""
