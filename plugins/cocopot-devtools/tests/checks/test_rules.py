from __future__ import annotations

import re
from pathlib import Path

import pytest
from cocopot_devtools.checks.findings import Finding
from cocopot_devtools.checks.rules import RULES

DOCUMENT = Path(__file__).parents[4] / "docs" / "check-plugin.md"
SOURCES = sorted((Path(__file__).parents[2] / "cocopot_devtools" / "checks").glob("*.py"))


def test_every_rule_is_documented() -> None:
    """The headings of check-plugin.md are the rules, with their severities, in their order."""
    headings = re.findall(r"^### (.*)$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert headings == [f"{rule.code} {rule.name} ({rule.severity})" for rule in RULES.values()]


@pytest.mark.parametrize("code", RULES)
def test_the_document_says_what_the_command_says(code: str) -> None:
    """Each entry of the document has the reason and the fix that a finding has."""
    section = DOCUMENT.read_text("utf-8").partition(f"\n### {code} ")[2].partition("\n##")[0]
    words = " ".join(section.split())
    assert f"**Why:** {RULES[code].reason}" in words
    assert f"**Fix:** {RULES[code].fix}" in words


def test_codes_are_in_order_and_used() -> None:
    """Codes grow, and each is named by a module that finds it."""
    assert list(RULES) == sorted(RULES)
    text = "".join(path.read_text("utf-8") for path in SOURCES if path.stem != "rules")
    assert [code for code in RULES if f'"{code}"' not in text] == []


def test_a_finding_knows_its_rule() -> None:
    """What a rule states need not be repeated in each finding."""
    assert Finding("CP301", "It imports cocopot.app.").rule is RULES["CP301"]
