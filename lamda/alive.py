"""
Ask the program that runs beside this one whether it lives: `python -m lamda.alive`, the health check of the image.

The API answers on its own port, the other programs where `METRICS_PORT` says; in a container there is one program, so
whichever port answers is its. Only the standard library: it runs every few seconds.
"""

import os
import sys
from collections.abc import Mapping
from http.client import HTTPException
from urllib.request import urlopen

ANSWER_SECONDS_MAX = 2.0


def ports(environment: Mapping[str, str]) -> list[str]:
    """Return the ports that a program may listen on, by its settings."""
    api = environment.get("PORT") or environment.get("API_PORT") or "8080"
    return [*filter(None, [environment.get("METRICS_PORT")]), api]


def answers(port: str) -> bool:
    """Say whether a program on this machine says there that it is healthy."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/health", timeout=ANSWER_SECONDS_MAX) as response:
            return bool(response.status == 200)
    except (OSError, HTTPException):
        return False


if __name__ == "__main__":
    sys.exit(0 if any(map(answers, ports(os.environ))) else 1)
