"""What operators are given, against the metrics that the programs tell: nothing names what is not there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import typer
import yaml

from lamda.cli import app
from tests.architecture.source import ROOT
from tests.documents import metrics_page

FOLDER = ROOT / "docs" / "operations"
CATALOGUE = {metric.name: metric for metric in metrics_page.catalogue()}
# What Prometheus adds itself, and what its client tells of every process.
OF_EVERY_PROCESS = {"up", "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"}
OF_EVERY_TARGET = {"job", "instance"}
DOCUMENTS = '{{ or $externalLabels.documents "docs" }}/'
"""How Prometheus writes the label `documents`, or `docs` where there is none."""

SEVERITIES = {"page", "ticket"}


def alerts() -> list[dict[str, Any]]:
    """Return every alert."""
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """Return every panel of the dashboard that shows something."""
    dashboard = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def questions() -> Iterator[tuple[str, str]]:
    """Yield who asks Prometheus, and what."""
    for alert in alerts():
        yield alert["alert"], alert["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m")


def selectors(question: str) -> list[promql_parser.VectorSelector]:
    """Return what a question selects; raise `ValueError` where it cannot be parsed."""
    found: list[promql_parser.VectorSelector] = []

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        return True

    promql_parser.walk(promql_parser.parse(question), visit)
    return found


def wrong(selector: Any) -> list[str]:
    """Return what a selector names that is not there."""
    name = str(selector.name)
    labels = {matcher.name for matcher in selector.matchers.matchers}
    if name in OF_EVERY_PROCESS:
        return sorted(labels - OF_EVERY_TARGET)
    base = re.sub(r"_(bucket|count|sum)$", "", name)
    metric = CATALOGUE.get(name) or CATALOGUE.get(base)
    if metric is None or (metric.kind == "histogram") == (name == base):
        return [name]
    known = {*metric.labels, *OF_EVERY_TARGET, *({"le"} if name.endswith("_bucket") else ())}
    return sorted(labels - known)


def sections(page: Path) -> dict[str, str]:
    """Return what a page says below each heading, by the anchor that a forge gives it."""
    parts = re.split(r"^#+ (.*)\n", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-"): text
        for heading, text in zip(parts[::2], parts[1::2], strict=True)
    }


def test_metrics_are_named_as_prometheus_has_it() -> None:
    """Ours begin with our name; counters end in _total, and nothing else does; no unit but the base ones."""
    for name, metric in CATALOGUE.items():
        assert re.fullmatch(r"lamda(_[a-z0-9]+)+", name)
        assert (metric.kind == "counter") == name.endswith("_total")
        assert not re.search(r"_(ms|milliseconds|minutes|gwei|kb|mb)(_|$)", name)
        assert metric.text.endswith(".")


@pytest.mark.parametrize(("who", "question"), list(questions()))
def test_every_question_is_about_metrics_that_exist(who: str, question: str) -> None:
    """Each can be parsed, and names only metrics, and labels of these, that a program tells."""
    found = selectors(question)

    assert found, who
    assert [each for selector in found for each in wrong(selector)] == []


@pytest.mark.parametrize(
    "question", ["sum(lamda_unheard_of)", 'lamda_chain_paused{shape="round"}', "lamda_api_cost_fields"]
)
def test_a_wrong_question_is_noticed(question: str) -> None:
    """An unknown metric, an unknown label, a histogram asked for without saying for what of it."""
    assert [wrong(selector) for selector in selectors(question)] != [[]]


def test_every_alert_says_what_to_do() -> None:
    """Whoever is woken up reads what it is, whether it can wait, and where to begin."""
    for alert in alerts():
        assert alert["labels"]["severity"] in SEVERITIES
        assert {"summary", "do", "runbook_url"} == alert["annotations"].keys()


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_every_alert_leads_to_a_page(alert: dict[str, Any]) -> None:
    """To a heading that is there; and a page that speaks of many alerts names this one below that heading."""
    path, _, anchor = alert["annotations"]["runbook_url"].removeprefix(DOCUMENTS).partition("#")
    page = ROOT / "docs" / path
    section = sections(page).get(anchor)

    assert section is not None, f"{path} has no heading #{anchor}"
    assert page.name != "alerts.md" or f"`{alert['alert']}`" in section


def test_anchors_are_told_as_a_forge_makes_them() -> None:
    assert "is-it-alive-is-it-ready" in sections(FOLDER / "README.md")


def test_commands_that_texts_name_exist() -> None:
    """Whoever is told to run something can."""
    commands = set(typer.main.get_group(app).commands)
    texts = [path.read_text(encoding="utf-8") for path in FOLDER.iterdir()]

    assert {word for text in texts for word in re.findall(r"`lamda ([a-z]+)", text)} <= commands


def test_names_in_texts_are_of_labels_that_remain() -> None:
    """`{{ $labels.chain }}` in an alert, `{{chain}}` in a legend: only what the question does not sum away."""
    texts = [(alert["expr"], " ".join(alert["annotations"].values())) for alert in alerts()]
    texts += [(target["expr"], target["legendFormat"]) for panel in panels() for target in panel["targets"]]
    for question, text in texts:
        for label in re.findall(r"{{ ?(?:\$labels\.)?(\w+) ?}}", text):
            kept = re.findall(r"by \(([^)]*)\)", question)
            assert any(label in re.split(r",\s*", each) for each in kept) or not kept, f"{label}: {question}"


def test_panels_do_not_overlap() -> None:
    """Each has a place of its own on 24 columns."""
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        across, down = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        cells = {(x, y) for x in across for y in down}

        assert taken.isdisjoint(cells), panel["title"]
        assert across.stop <= 24
        taken |= cells


def test_prometheus_finds_every_program() -> None:
    """One scrape configuration a program, by the names that alerts use, and one for a run of everything."""
    settings = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    programs = {program.program for program in metrics_page.programs()}

    assert {*programs, "up"} == {each["job_name"] for each in settings["scrape_configs"]}
