"""What `lamda doctor` shows: one line a finding, what to do below it, and how many there are."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from rich.text import Text

from lamda.checkup_values import Finding, Verdict

SIGNS = {Verdict.WELL: "✓", Verdict.NOTE: "!", Verdict.FAILED: "✗", Verdict.SKIPPED: "–"}
STYLES = {Verdict.WELL: "green", Verdict.NOTE: "yellow", Verdict.FAILED: "bold red", Verdict.SKIPPED: "dim"}
WIDTH = 10


def page(findings: Sequence[Finding]) -> Text:
    """Lay the findings out for a person."""
    lines: list[Text] = []
    for finding, before in zip(findings, [None, *findings], strict=False):
        subject = "" if before is not None and before.subject == finding.subject else finding.subject
        sign = (f"{SIGNS[finding.verdict]} ", STYLES[finding.verdict])
        lines.append(Text.assemble((f"{subject:<{WIDTH}}", "dim"), sign, finding.text))
        if finding.remedy is not None:
            lines.append(Text.assemble(" " * WIDTH, ("→ ", "dim"), finding.remedy))
    return Text("\n").join([*lines, Text(summary(findings))])


def summary(findings: Sequence[Finding]) -> str:
    """Return how many checks came to what."""
    counts = Counter(finding.verdict for finding in findings)
    failed, notes, skipped = counts[Verdict.FAILED], counts[Verdict.NOTE], counts[Verdict.SKIPPED]
    said = "nothing is wrong" if not failed else f"{failed} {'thing is' if failed == 1 else 'things are'} wrong"
    return f"{said}; {notes} to note, {skipped} not checked"


def as_json(findings: Sequence[Finding]) -> str:
    """Return the findings as one JSON document."""
    return json.dumps({"well": not has_failed(findings), "findings": [asdict(each) for each in findings]}, indent=2)


def has_failed(findings: Sequence[Finding]) -> bool:
    """Say whether anything is wrong."""
    return any(finding.verdict is Verdict.FAILED for finding in findings)
