"""The list of licences: what of others is installed with the programs, or goes into the pages that they serve."""

import json
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from tests.architecture.source import ROOT
from tests.documents.markdown import page, table

ABOUT = (
    "What the image holds of others, by the lock files: Python packages that the programs need, and npm packages whose "
    "code goes into the pages. What only development needs is not shipped, and not listed."
)
UNTOLD = "not told"


def python_packages() -> dict[str, str]:
    """Return the packages that programs need, each with its version."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    by_name = {each["name"]: each for each in locked}
    found: dict[str, str] = {}
    waiting = ["lamda-network"]
    while waiting:
        package = by_name[waiting.pop()]
        extras = [each for some in package.get("optional-dependencies", {}).values() for each in some]
        for name in (each["name"] for each in [*package.get("dependencies", []), *extras]):
            if name not in found and is_here(name):
                found[name] = by_name[name]["version"]
                waiting.append(name)
    return dict(sorted(found.items()))


def npm_packages() -> dict[str, tuple[str, str]]:
    """Return the npm packages that are no tools of development, each with its version and licence."""
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return {
        path.removeprefix("node_modules/"): (each["version"], each.get("license", UNTOLD))
        for path, each in sorted(locked.items())
        if path and not any(each.get(flag) for flag in ("dev", "optional", "peer", "devOptional"))
    }


def licence(package: Distribution) -> str:
    """Return the licence that a package tells: its expression, else its words, else its classifiers."""
    told = package.metadata.json
    words = str(told.get("license") or "").strip()
    classifiers = [each.rpartition(" :: ")[2] for each in told.get("classifier") or [] if "License ::" in each]
    # Some put the whole text there.
    short = words if 0 < len(words) < 60 else ""
    return str(told.get("license_expression") or "") or short or ", ".join(classifiers) or UNTOLD


def is_here(name: str) -> bool:
    """Say whether a package is installed; some are for other machines."""
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def written() -> str:
    """Return the page."""
    python = [(name, version, licence(distribution(name))) for name, version in python_packages().items()]
    npm = [(name, version, told) for name, (version, told) in npm_packages().items()]
    head = ("package", "version", "licence")
    return page("Licences", ABOUT, [f"## Python\n\n{table(head, python)}", f"## npm\n\n{table(head, npm)}"])
