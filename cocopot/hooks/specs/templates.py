"""Hooks of the rendering of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks.markers import hookspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot.app import Cocopot
    from cocopot.templating import Template, TemplateEngine


@hookspec(since="1.0", firstresult=True, order="out", result_type="cocopot.templating:TemplateEngine")
def cocopot_template_engine(app: Cocopot) -> TemplateEngine | None:
    """Supply what renders templates.

    Fires when a template is first rendered, or `app.template_engine` first read. The core has no engine.

    Args:
        app: The application. Its template folders, filters, tests and globals may still be added to.

    Returns:
        A `cocopot.templating.TemplateEngine`, or `None` to leave it to the next implementation.

    The first result stops the rest: the plugin that was loaded last has precedence. Order: out. An exception
    leaves the function that renders.
    """


@hookspec(since="1.0", order="in", result_type="collections.abc:Mapping")
def cocopot_template_context(
    app: Cocopot, template: Template | None, context: dict[str, object]
) -> Mapping[str, object] | None:
    """Add names to a template that is about to be rendered.

    Fires for each template that `render_template` and its like render, not for those that it includes.

    Args:
        app: The application.
        template: The template; `template.name` is `None` for one from a string. `None` if an application
            calls `app.update_template_context`.
        context: The names that were passed for the template. Return names; only a wrapper may replace values.

    Returns:
        Names and values. Those that were passed have precedence, and a later implementation over an earlier
        one. In debug mode, a name that two plugins return, and neither the application nor the caller, is a
        `PluginError` that names both.

    All implementations run. Order: in. An exception leaves the function that renders. In an application or a
    blueprint, use `@context_processor`, whose functions take no argument; functions of a blueprint run only
    for its endpoints and error handlers, after the application's.
    """


@hookspec(since="1.0", order="out")
def cocopot_template_rendered(app: Cocopot, template: Template, context: dict[str, object]) -> None:
    """Act after a template has been rendered: record it for a test, count it, time it.

    Fires when the text, or the last part of a stream, has been produced; not if the template raised.

    Args:
        app: The application.
        template: The template.
        context: All names that it got.

    A return value is ignored. All implementations run. Order: out. An exception leaves the function that
    renders, or the stream.
    """
