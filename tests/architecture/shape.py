"""The shape of files and functions: size, names, docstrings, and where everything may be caught."""

import ast
from collections.abc import Iterable, Iterator

from tests.architecture.source import Module

FILE_LINES_MAX = 300
BODY_LINES_MAX = 45
TINY_BODY_LINES_MAX = 3

NAMELESS = {"util", "utils", "helper", "helpers", "common", "misc", "base", "manager"}
CATCHES_ALL = {"lifecycle"}

type_of_function = ast.FunctionDef | ast.AsyncFunctionDef


def oversized_files(texts: Iterable[tuple[str, str]]) -> list[str]:
    """Complain about each file, given as name and text, that is longer than one idea needs."""
    return [
        f"{name}: {lines} lines, {FILE_LINES_MAX} at most"
        for name, text in texts
        if (lines := len(text.splitlines())) > FILE_LINES_MAX
    ]


def oversized_functions(modules: Iterable[Module]) -> list[str]:
    """Complain about each function whose body does not fit a hand."""
    return [
        f"{module.at(function)}: {function.name}() has {lines} lines, {BODY_LINES_MAX} at most"
        for module in modules
        for function in ast.walk(module.tree)
        if isinstance(function, type_of_function) and (lines := _body_lines(function)) > BODY_LINES_MAX
    ]


def nameless_modules(modules: Iterable[Module]) -> list[str]:
    """Complain about each module named for nothing in particular."""
    return [f"{module.name}: name it for what it does" for module in modules if module.own_name in NAMELESS]


def missing_docstrings(modules: Iterable[Module]) -> list[str]:
    """Complain about each module and each public class and function that does not say what it is for."""
    return [complaint for module in modules for complaint in _undocumented(module)]


def broad_catches(modules: Iterable[Module]) -> list[str]:
    """Complain about each handler of everything that does not raise again, outside of the lifecycle."""
    return [
        f"{module.at(handler)}: catch the narrowest thing; everything is caught in lifecycle only"
        for module in modules
        if module.own_name not in CATCHES_ALL
        for handler in ast.walk(module.tree)
        if isinstance(handler, ast.ExceptHandler) and _catches_all(handler) and not _raises_again(handler)
    ]


def _body_lines(function: type_of_function) -> int:
    return (function.body[-1].end_lineno or 0) - function.body[0].lineno + 1


def _undocumented(module: Module) -> Iterator[str]:
    if module.tree.body and not ast.get_docstring(module.tree):
        yield f"{module.name}: the module has no docstring"
    for node, is_method in _public(module.tree, is_method=False):
        if not ast.get_docstring(node) and not (is_method and _speaks_for_itself(node)):
            yield f"{module.at(node)}: {node.name} has no docstring"


def _public(
    parent: ast.Module | ast.ClassDef, *, is_method: bool
) -> Iterator[tuple[ast.ClassDef | type_of_function, bool]]:
    """Yield public functions and classes, and the members of public classes, but not what is inside a function."""
    for node in parent.body:
        if isinstance(node, ast.ClassDef | type_of_function) and not node.name.startswith("_"):
            yield node, is_method
            if isinstance(node, ast.ClassDef):
                yield from _public(node, is_method=True)


def _speaks_for_itself(node: ast.ClassDef | type_of_function) -> bool:
    """Say whether a method is described elsewhere (where it overrides, in its field), or is one short statement."""
    if isinstance(node, ast.ClassDef):
        return False
    if len(node.body) == 1 and _body_lines(node) <= TINY_BODY_LINES_MAX:
        return True
    return any(_describes(decorator) for decorator in node.decorator_list)


def _describes(decorator: ast.expr) -> bool:
    if isinstance(decorator, ast.Call):
        return any(keyword.arg == "description" for keyword in decorator.keywords)
    return ast.unparse(decorator).rpartition(".")[2] in {"override", "overload", "setter"}


def _catches_all(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(each is None or ast.unparse(each) in {"Exception", "BaseException"} for each in caught)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[-1], ast.Raise)
