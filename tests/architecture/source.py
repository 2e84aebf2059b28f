"""Read the house's modules as text and syntax trees, and tell what each imports."""

import ast
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {"node_modules", "static", "generated", "__pycache__"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One Python file. `name` is dotted; that of a package's `__init__.py` is the package's."""

    name: str
    text: str
    tree: ast.Module
    is_package: bool

    @property
    def room(self) -> str:
        """Return the top-level package."""
        return self.name.partition(".")[0]

    @property
    def own_name(self) -> str:
        """Return the last part of the name."""
        return self.name.rpartition(".")[2]

    def at(self, node: ast.AST) -> str:
        """Return where a node is, for a complaint."""
        return f"{self.name}:{getattr(node, 'lineno', 1)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One imported name: `from chain import wire` gives the candidates `chain.wire` and `chain`."""

    node: ast.stmt
    candidates: tuple[str, ...]

    @property
    def top(self) -> str:
        """Return the top-level package imported from."""
        return self.candidates[-1].partition(".")[0]

    def resolve(self, known: Set[str]) -> str:
        """Return the most precise candidate that is a known module, else the module named in the statement."""
        return next((each for each in self.candidates if each in known), self.candidates[-1])


def parse(name: str, text: str, *, is_package: bool = False) -> Module:
    """Make a module of a string."""
    return Module(name=name, text=text, tree=ast.parse(text), is_package=is_package)


def read(*folders: str) -> list[Module]:
    """Return every module in top-level folders that exist, in the order of their names."""
    return [_module(path) for path in _files(folders, endings={".py"})]


def read_texts(*folders: str, endings: set[str]) -> list[tuple[str, str]]:
    """Return name and text of every file in top-level folders that has one of the endings."""
    return [
        (str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in _files(folders, endings=endings)
    ]


def imports(module: Module) -> Iterator[Import]:
    """Yield what a module imports, wherever the statement stands; `if TYPE_CHECKING` changes nothing."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node=node, candidates=(alias.name,))
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(module, node)
            for alias in node.names:
                yield Import(node=node, candidates=(f"{origin}.{alias.name}", origin))


def _files(folders: Iterable[str], *, endings: set[str]) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    return sorted(path for path in found if path.suffix in endings and NOT_OURS.isdisjoint(path.parts))


def _module(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    return parse(name, path.read_text(encoding="utf-8"), is_package=is_package)


def _origin(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    ancestors = module.name.split(".")
    kept = ancestors[: len(ancestors) - node.level + module.is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])
