"""`lamda agent`: the reference agent, on a provider's machine."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from lamda.running import run
from runtime.errors import CannotRun
from runtime.settings import AgentSettings, CommonSettings, load


def agent(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="What to run for each job.")],
    state: Annotated[Path, typer.Option("--state", help="Folder of the agent's journal; keep it.")],
) -> None:
    """Take a provider's jobs, run a command for each, and report how it ended, until stopped."""
    from lamda.agent_program import run_agent

    common, settings = load(CommonSettings, AgentSettings)
    if shutil.which(command[0]) is None:
        # Found out by its first job, it would fail that one and each that follows, for good.
        raise CannotRun(f"cannot run {command[0]}: expected a program that is on PATH or at this place, and executable")
    run(lambda stop: run_agent(settings, state, command, stop), common, name="agent")
