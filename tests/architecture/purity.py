"""
The purity of deciding modules: same arguments, same answer.

A verb module decides (`plan`, `verify`, …). It has no `async`, clock, randomness, logging or environment, and it
imports only harmless parts of the standard library, `models`, other verb modules and value modules. A value module
holds shapes that verbs speak of; it obeys the same rules, but may use the libraries that its shapes are made with.
"""

import ast
from collections.abc import Iterable

from tests.architecture.source import Module, imports

VERBS = {"plan", "decode", "verify", "reconcile", "rank", "settle", "route"}
ROOMS_WITH_VERBS = {"models", "chain", "indexer", "dispatch", "graphql_api", "devnet"}

HARMLESS_LIBRARY = {
    "abc", "base64", "binascii", "bisect", "collections", "dataclasses", "datetime", "decimal", "enum", "fractions",
    "functools", "hashlib", "heapq", "itertools", "json", "math", "operator", "re", "string", "struct", "types",
    "typing", "uuid",
}  # fmt: skip

# What each value module may import beyond what verbs may.
VALUE_MODULES: dict[str, set[str]] = {
    "chain.wire": {"msgspec"},
    "chain.abi": {"eth_hash", "contracts"},
    "chain.calls": set(),
    "chain.errors": set(),
    "indexer.values": set(),
}

CLOCKS_AND_DICE = {"now", "utcnow", "today", "uuid1", "uuid4"}
IMPURE_FUNCTIONS = {"open", "print", "input", "breakpoint"}


def impurities(modules: Iterable[Module]) -> list[str]:
    """Complain about what a verb or value module does or imports beyond deciding."""
    pure = [module for module in modules if _must_be_pure(module)]
    names = {module.name for module in pure} | VALUE_MODULES.keys()
    return [complaint for module in pure for complaint in [*_impure_imports(module, pure=names), *_impure_acts(module)]]


def _must_be_pure(module: Module) -> bool:
    is_verb = module.own_name in VERBS and module.room in ROOMS_WITH_VERBS
    return is_verb or module.name in VALUE_MODULES


def _impure_imports(module: Module, *, pure: set[str]) -> list[str]:
    allowed = HARMLESS_LIBRARY | {"models"} | VALUE_MODULES.get(module.name, set())
    return [
        f"{module.at(found.node)}: a deciding module may not import {found.candidates[-1]}"
        for found in imports(module)
        if found.top not in allowed and found.resolve(pure) not in pure
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
