"""The committed artifacts are what the compiler makes of the sources beside them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from contracts import CONTRACT_NAMES, artifact

CONTRACTS = Path(__file__).parents[3] / "contracts"


def node() -> str:
    """Find Node: on the path, or the one that was installed beside Python."""
    places = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
    found = shutil.which("node", path=places)
    assert found, "Node was not found on PATH nor beside Python: install Node 20, or run `uv sync --group node`"
    return found


def test_compiling_again_gives_the_committed_artifacts(tmp_path: Path) -> None:
    """ABI, bytecode, compiler and source hash are equal, so nobody committed one without the other."""
    subprocess.run([node(), CONTRACTS / "compile.mjs", tmp_path], check=True, capture_output=True, timeout=60)

    committed = {path.name: json.loads(path.read_text("utf-8")) for path in CONTRACTS.glob("artifacts/*.json")}

    assert committed == {path.name: json.loads(path.read_text("utf-8")) for path in tmp_path.glob("*.json")}


def test_artifact_carries_what_a_deployment_needs() -> None:
    """Bytecode and ABI are there and belong to the contract asked for."""
    for name in CONTRACT_NAMES:
        found = artifact(name)

        assert found.contract_name == name
        assert found.bytecode.startswith("0x60")
        assert found.source_hash.startswith("sha256:")
        assert found is artifact(name)
