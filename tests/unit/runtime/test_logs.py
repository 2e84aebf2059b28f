"""Lines for people at a terminal, and for programs in production."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from runtime import logs


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Leave logging as other tests expect it."""
    before, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = before
    logging.root.setLevel(level)


def test_production_writes_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With the program's name, whoever logs; even where a value holds a line break."""
    logs.configure("production", program="reactor")
    structlog.get_logger().info("dispatch.sent", job="0xab", note="two\nlines")
    logging.getLogger("a.library").warning("careful")

    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())

    assert {"program": "reactor", "event": "dispatch.sent", "job": "0xab", "level": "info"}.items() <= ours.items()
    assert ours["timestamp"].endswith("Z")
    assert {"program": "reactor", "event": "careful", "level": "warning"}.items() <= theirs.items()


def test_development_writes_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Event first, then key=value; without colours where no terminal is."""
    logs.configure("development", program="reactor")
    structlog.get_logger().info("dispatch.sent", job="0xab", attempt=1)

    line = capsys.readouterr().err

    assert line.rstrip().endswith("[info     ] dispatch.sent            job=0xab attempt=1")
    assert "\x1b" not in line
