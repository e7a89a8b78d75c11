"""The environment variables of Cocopot."""

from __future__ import annotations

import re
from pathlib import Path

import cocopot
from cocopot.environment import VARIABLES


def test_variables() -> None:
    """Each variable that the package names in a string is one, or begins those of `cocopot run`."""
    sources = [path.read_text("utf-8") for path in Path(cocopot.__file__).parent.rglob("*.py")]
    named = {name for source in sources for name in re.findall(r'"(COCOPOT_[A-Z_]+)"', source)}
    assert named - {"COCOPOT_", "COCOPOT_RUN"} == VARIABLES
