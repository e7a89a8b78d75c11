"""Use the standard library's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks import hookimpl
from cocopot.json import DefaultJSONProvider, JSONProvider

if TYPE_CHECKING:
    from cocopot.app import Cocopot


@hookimpl(trylast=True)
def cocopot_json_provider(app: Cocopot) -> JSONProvider:
    """Return the default provider."""
    return DefaultJSONProvider(app)
