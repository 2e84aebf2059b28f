"""The commands of `lamda` that documents, pages and messages speak of, and whether there are such commands."""

import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

import typer

from lamda.cli import app

INLINE = re.compile(r"`(?:\.venv/bin/)?(lamda(?: [^`]+)?)`")
BLOCK_LINE = re.compile(r"^(?: {4})?(?:\$ )?((?:\.venv/bin/)?lamda [a-z].*)$")
PLACEHOLDERS = {"COMMAND"}
"""What stands for any command."""

PROGRAMS = (
    r"(?:[A-Z_]+=\S+ )*"
    r"(?:lamda|make|python|docker|pg_dump|pg_restore|createdb|cp|mkdir|grep|curl|git|uv|npm|npx)(?= [^ ]| *$)"
)
SHELL_LINE = re.compile(rf"^ *(?:\$ )?({PROGRAMS}.*)$", re.MULTILINE)
SHELL_INLINE = re.compile(rf"`({PROGRAMS}[^`]*)`")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TYPED_IN = {"", "console", "sh"}
"""The languages of blocks that a reader types."""


def commands_in(text: str) -> list[str]:
    """Return the commands that a document speaks of, without comments behind them."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^ {4}\S.*$", text, re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()] + indented
    found = [match[1].removeprefix(".venv/bin/") for line in lines if (match := BLOCK_LINE.match(line))]
    # The image's door is `lamda` itself.
    found += [f"lamda {words}" for words in re.findall(r"docker compose run --rm \w+ ([^\n`]+)", text)]
    return [re.split(r"\s{2,}|\s#\s", each)[0].strip() for each in [*found, *INLINE.findall(text)]]


def shell_commands_in(text: str) -> list[str]:
    """Return all commands that a document has a reader type, in a block or in a sentence, each once."""
    text = re.sub(r" *\\\n *", " ", text).replace(".venv/bin/", "")
    prose = FENCED.sub("", text)
    blocks = [block for language, block in FENCED.findall(text) if language in TYPED_IN]
    lines = SHELL_LINE.findall("\n".join([*blocks, *re.findall(r"^ {4,}\S.*$", prose, re.MULTILINE)]))
    found = [*lines, *SHELL_INLINE.findall(prose)]
    return list(dict.fromkeys(re.split(r"\s{2,}(?=\S)|\s#\s", each)[0].strip() for each in found))


def wrong(commands: Iterable[str]) -> Iterator[str]:
    """Yield the commands, or options of commands, that are not."""
    root = typer.main.get_command(app)
    for text in commands:
        complaint = _complaint(root, shlex.split(text)[1:])
        if complaint:
            yield f"{text}: {complaint}"


def _complaint(command: Any, words: list[str]) -> str | None:
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    below = getattr(command, "commands", {})
    if below and words and words[0] not in PLACEHOLDERS and not words[0].startswith("-"):
        return f"there is no command {words[0]}"
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    # What stands behind -- is another program's.
    ours = words[: words.index("--")] if "--" in words else words
    unknown = [word for word in ours if word.startswith("--") and word.split("=")[0] not in known]
    return f"it has no {', '.join(unknown)}" if unknown and words[0] not in PLACEHOLDERS else None
