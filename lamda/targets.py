"""
Where the programs of a run are, in a file that Prometheus looks for targets in (`file_sd_configs`).

Each target's `job` is the program's name, as in `docs/operations/prometheus.yml`.
"""

import json
from collections.abc import Mapping
from pathlib import Path

FILE = "prometheus.json"


def write(data: Path, targets: Mapping[str, str]) -> Path:
    """Write which program tells its metrics at which host and port, and return the file."""
    path = data / FILE
    listed = [{"targets": [address], "labels": {"job": program}} for program, address in targets.items()]
    path.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    return path


def read(data: Path) -> Mapping[str, str]:
    """Return at which host and port each program of the last run in a data folder was; none where none ran there."""
    path = data / FILE
    listed = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return {each["labels"]["job"]: each["targets"][0] for each in listed}
