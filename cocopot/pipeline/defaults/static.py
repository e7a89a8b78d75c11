"""Serve the files of the application's static folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks import hookimpl

if TYPE_CHECKING:
    from cocopot.app import Cocopot


@hookimpl(trylast=True)
def cocopot_setup(app: Cocopot) -> None:
    """Add the route `static`, if the application has a static folder."""
    if app.has_static_folder:
        app.add_url_rule(
            f"{app.static_url_path}/<path:filename>",
            endpoint="static",
            host=app.static_host,
            view_func=app.send_static_file,
        )
