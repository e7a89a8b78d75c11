"""Hooks of the building of URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks.markers import hookspec

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.exceptions import BuildError


@hookspec(since="1.0", order="in")
def cocopot_url_defaults(app: Cocopot, endpoint: str, values: dict[str, object]) -> None:
    """Add values to a URL that `url_for` is about to build.

    Args:
        app: The application.
        endpoint: The full name of the endpoint.
        values: The values that were passed to `url_for`. May be changed in place.

    A return value is ignored. All implementations run. Order: in. An exception leaves `url_for`. In an
    application or a blueprint, use `@url_defaults`; functions of a blueprint run for URLs of its endpoints,
    whatever the endpoint of the current request is, after the application's.
    """


@hookspec(since="1.0", firstresult=True, order="out", result_type="builtins:str")
def cocopot_url_build_error(
    app: Cocopot, error: BuildError, endpoint: str, values: dict[str, object]
) -> str | None:
    """Supply a URL that could not be built.

    Fires in `url_for` when no rule matches the endpoint and the values.

    Args:
        app: The application.
        error: The exception that Werkzeug raised.
        endpoint: The endpoint that was requested.
        values: All that was passed to `url_for`, with `_anchor`, `_method`, `_scheme` and `_external`.

    Returns:
        A URL, or `None` to leave it to the next implementation.

    The first result stops the rest; without a result, `error` is raised. Order: out. An implementation may
    raise another `BuildError`, which leaves `url_for` in place of the first. In an application, use
    `@app.url_build_error_handler`, whose functions run before the plugins'.
    """
