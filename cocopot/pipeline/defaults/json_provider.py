"""Use the standard library's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks import hookimpl

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.json import JSONProvider


@hookimpl(trylast=True)
def cocopot_json_provider(app: Cocopot) -> JSONProvider:
    """Return an object of the application's `json_provider_class`."""
    return app.json_provider_class(app)
