"""The names that every template has, in addition to those of the core: `slot` and `csp_nonce`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from jinja2 import pass_context
from markupsafe import Markup, escape

from cocopot import has_request_context, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.runtime import Context

    from cocopot import Cocopot, Request
    from cocopot_jinja.environment import Environment


@pass_context
def slot(context: Context, name: str) -> str:
    """Return what plugins contribute to a slot, joined; empty if none does.

    Args:
        context: The names in the template.
        name: Name of the slot.
    """
    app = cast("Environment", context.environment).app
    caller = app.plugins.hook.jinja_slot
    if not caller.get_hookimpls():
        return Markup()
    names = MappingProxyType(context.get_all())
    parts: list[str] = caller(app=app, request=_request(), slot=name, context=names)
    return Markup().join(map(escape, parts)) if context.eval_ctx.autoescape else "".join(parts)


def make_csp_nonce(app: Cocopot) -> Callable[[], str]:
    """Return the function `csp_nonce` for the templates of an application.

    Args:
        app: The application.
    """

    def csp_nonce() -> str:
        """Return the nonce of the request for `<script nonce="...">`; empty if no plugin supplies one."""
        current = _request()
        if current is None:
            return ""
        try:
            return str(getattr(current, "csp_nonce"))  # noqa: B009 - a property that a plugin adds
        except AttributeError:
            if "csp_nonce" in app.request_properties:
                raise  # of the function of the plugin
            return ""

    return csp_nonce


def _request() -> Request | None:
    """Return the request, which hooks get, and not its proxy; `None` without one."""
    if not has_request_context():
        return None
    current: Request = cast("Any", request)._get_current_object()  # noqa: SLF001 - the documented way
    return current
