"""What a template engine returns is checked, so that it is blamed for a wrong value, and not the view."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cocopot.locations import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot.app import Cocopot
    from cocopot.templating import Template


def check_template(app: Cocopot, template: Template, method: str) -> Template:
    """Return a template.

    Args:
        app: The application.
        template: What a method of the engine has returned.
        method: Name of that method.

    Raises:
        TypeError: If it cannot be rendered.
    """
    if not hasattr(template, "render"):
        wanted = "a template, which has name, module, render and generate"
        raise _error(app, method, "returned", template, wanted)
    return template


def check_text(app: Cocopot, text: object) -> str:
    """Return what `render` of a template has returned.

    Raises:
        TypeError: If it is not a `str`.
    """
    if not isinstance(text, str):
        raise _error(app, "render", "returned", text, "a str")
    return text


def check_parts(app: Cocopot, parts: object) -> Iterator[str]:
    """Yield the parts that `generate` of a template has returned.

    Raises:
        TypeError: If they cannot be iterated, or one is not a `str`.
    """
    if not isinstance(parts, Iterable):
        raise _error(app, "generate", "returned", parts, "an iterator of str")
    for part in parts:
        if not isinstance(part, str):
            raise _error(app, "generate", "yielded", part, "a str")
        yield part


def _error(app: Cocopot, method: str, verb: str, value: object, wanted: str) -> TypeError:
    """Return an error that names the engine, and the plugins that return engines."""
    names = ", ".join(impl.plugin_name for impl in app.plugins.call_order("cocopot_template_engine"))
    engine = type(app.template_engine)
    return TypeError(
        f"{method}() of the template engine {engine.__module__}.{engine.__qualname__} {verb} {shown(value)}, "
        f"and must have {verb} {wanted}. Engines are returned by: {names}."
    )
