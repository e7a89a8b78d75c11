"""Use the standard library's JSON."""

from __future__ import annotations

from typing import Any

from cocopot.hooks import hookimpl
from cocopot.json import DefaultJSONProvider, JSONProvider


@hookimpl(trylast=True)
def cocopot_json_provider(app: Any) -> JSONProvider:
    """Return the default provider."""
    return DefaultJSONProvider(app)
