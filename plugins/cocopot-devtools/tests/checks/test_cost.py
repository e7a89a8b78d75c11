from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cocopot_devtools.checks.cost import MARK, import_candidate, import_message, request_cost

if TYPE_CHECKING:
    import pytest
    from tests.conftest import MakePlugin

SLOW = f"""import time:       100 |        100 |   before
{MARK}
import time:      2500 |       2500 |   library.inner
import time:      1000 |       3500 | library
import time:       200 |       3700 | cocopot_demo
"""
QUICK = f"""{MARK}
import time:      1200 |       1200 | library
import time:       300 |       1500 | cocopot_demo
"""


def test_the_quickest_import_counts() -> None:
    """Times are added up by outermost package, from the plugin's own import on."""
    assert import_message([SLOW]) == (
        "Importing it takes 3.70 ms beyond Cocopot's own import. Most of it: library 3.5 ms."
    )
    assert import_message([SLOW, QUICK]).startswith("Importing it takes 1.50 ms ")


def test_nothing_heavy() -> None:
    """Packages that take less than a millisecond are not named."""
    assert import_message([f"{MARK}\n"]) == "Importing it takes 0.00 ms beyond Cocopot's own import."


def test_the_mark_comes_first(subject: MakePlugin, capfd: pytest.CaptureFixture[str]) -> None:
    """What Python reports of the plugin's imports comes after the mark."""
    import_candidate(subject("import sys\nsys.stderr.write('imported')"))
    assert capfd.readouterr().err == f"{MARK}\nimported"


def test_requests_are_counted(subject: MakePlugin) -> None:
    """A request with the plugin and one without it are measured, and compared."""
    made = subject(
        """
        served = []

        @hookimpl
        def cocopot_before_request():
            served.append(1)
        """
    )
    request_cost(made)
    (finding,) = made.findings
    assert finding.code == "CP802"
    assert re.match(r"A request takes [\d.]+ µs with the plugin and [\d.]+ µs without it: ", finding.message)
    plugin: Any = made.candidate.load()
    assert len(plugin.served) >= 50
