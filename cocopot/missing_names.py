"""What to do about names that Flask has and Cocopot does not have, or has elsewhere."""

from __future__ import annotations

import importlib
import sys
from opcode import opmap
from typing import TYPE_CHECKING, Final

from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import FrameType


def install_hint(plugin: str) -> str:
    """Return how to install a plugin of Cocopot, for a message."""
    name = f"cocopot-{plugin}"
    return (
        f"install the plugin {plugin!r}, in a checkout of Cocopot with: pip install ./plugins/{name}, or "
        f"once it is published: pip install {name}"
    )


_JINJA = install_hint("jinja")
_SESSIONS = install_hint("session")
_SIGNALS = install_hint("signals")
_CONTEXT = "the current context is reached through current_app, g and request"

#: Where `cocopot` itself does not have a name.
_MODULE: Final[Mapping[str, str]] = {
    "Flask": "the class is named Cocopot: from cocopot import Cocopot",
    "flask": "the class is named Cocopot: from cocopot import Cocopot",
    "Environment": _JINJA,
    "SessionMixin": "from cocopot.sessions import Session",
    "SecureCookieSessionInterface": _SESSIONS,
    "signals": f"import cocopot_signals; {_SIGNALS}",
    "signals_available": f"import cocopot_signals; {_SIGNALS}",
    **{
        name: f"from cocopot_signals import {name}; {_SIGNALS}, or implement the hook {hook}"
        for name, hook in {
            "request_started": "cocopot_request_started",
            "request_finished": "cocopot_after_request",
            "request_tearing_down": "cocopot_teardown_request",
            "got_request_exception": "cocopot_got_request_exception",
            "appcontext_tearing_down": "cocopot_teardown_app_context",
            "appcontext_pushed": "cocopot_request_started",
            "appcontext_popped": "cocopot_teardown_app_context",
            "before_render_template": "cocopot_template_context",
            "template_rendered": "cocopot_template_rendered",
            "message_flashed": "cocopot_message_flashed",
        }.items()
    },
    **{name: f"from markupsafe import {name}" for name in ("Markup", "escape")},
    **{name: f"from werkzeug.utils import {name}" for name in ("safe_join", "secure_filename")},
    **{
        name: f"from werkzeug.security import {name}"
        for name in ("check_password_hash", "generate_password_hash")
    },
    "ProxyFix": "from werkzeug.middleware.proxy_fix import ProxyFix",
    "FlaskClient": "from cocopot.testing import Client",
    "FlaskCliRunner": "from cocopot.testing import CliRunner",
    "AppGroup": "from cocopot.cli import AppGroup",
    "with_appcontext": "from cocopot.cli import with_appcontext",
    "FlaskGroup": "from cocopot.cli import CocopotGroup",
    "ScriptInfo": "from cocopot.cli import AppLoader",
    "pass_script_info": "from cocopot.cli import pass_loader",
    **dict.fromkeys(
        ("app_ctx", "request_ctx", "_app_ctx_stack", "_request_ctx_stack", "globals", "ctx", "wrappers"),
        _CONTEXT,
    ),
}
#: Attributes of an application or a blueprint that are gone in Flask too, with what replaces each.
GONE: Final[Mapping[str, str]] = {
    "json_encoder": "override default() of a DefaultJSONProvider, and set json_provider_class to it",
    "json_decoder": "override loads() of a DefaultJSONProvider, and set json_provider_class to it",
    "request_globals_class": "use app_ctx_globals_class",
    "logger_name": "set app.name, which is the name of app.logger",
    "error_handlers": "use register_error_handler() or error_handler_spec",
}
#: What an application or a blueprint does not have.
REGISTRAR: Final[Mapping[str, str]] = {
    "before_first_request": "use @app.on_startup, which runs before the first request",
    "before_app_first_request": "use @app.on_startup, which runs before the first request",
    **dict.fromkeys(
        (
            *("jinja_env", "jinja_options", "jinja_environment", "jinja_loader", "create_jinja_environment"),
            *("create_global_jinja_loader", "select_jinja_autoescape"),
        ),
        _JINJA,
    ),
    "before_first_request_funcs": "use startup_funcs, the functions of @app.on_startup",
    **GONE,
    **dict.fromkeys(("session_cookie_name", "permanent_session_lifetime"), _SESSIONS),
}
#: Route options, each with the plugin of Cocopot that declares it.
ROUTE_OPTIONS: Final[Mapping[str, str]] = {
    "commit": "sqlalchemy",
    "cors": "cors",
    "csrf": "csrf",
    "limit": "ratelimit",
}
#: What a test client does not have.
CLIENT: Final[Mapping[str, str]] = {}
#: Modules whose public names are not names of `cocopot` itself.
_PUBLIC_MODULES = tuple(
    f"cocopot.{name}" for name in ("exceptions", "json", "sessions", "templating", "testing", "views")
)


def reject_gone(owner: object, name: str) -> None:
    """Raise if an attribute that is assigned has no effect any more.

    Args:
        owner: The object or the class.
        name: The attribute.

    Raises:
        AttributeError: With what replaces it.
    """
    if name in GONE:
        cls = owner if isinstance(owner, type) else type(owner)
        raise AttributeError(f"{cls.__name__}.{name} would have no effect: {GONE[name]}.")


class ExplainsMissingNames:
    """Base class of objects whose missing attributes are explained, if Flask has attributes of that name."""

    if not TYPE_CHECKING:  # type checkers would accept any attribute

        def __getattr__(self, name: str) -> object:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            cure = REGISTRAR.get(name) or CLIENT.get(name, "")
            if not cure and not name.startswith("_"):
                cure = did_you_mean(name, (known for known in dir(type(self)) if not known.startswith("_")))
            raise AttributeError(f"{message}: {cure}" if cure else message)


def raise_missing(module: str, name: str, known: Iterable[str]) -> object:
    """Raise the error for a name that a module does not have; called by its `__getattr__`.

    Args:
        module: The module.
        name: The name.
        known: The public names of the module.

    Raises:
        ImportError: In an import statement.
        AttributeError: Elsewhere.
    """
    frame = sys._getframe(2)  # noqa: SLF001 - what `warnings` and `logging` do
    if name.startswith("__") or "importlib" in str(frame.f_globals.get("__name__")):
        raise AttributeError(name)  # an import looks for a submodule next
    cure = _MODULE.get(name) or _find_elsewhere(name) or did_you_mean(name, known)
    if _is_import(frame):
        raise ImportError(f"cannot import name {name!r} from {module!r}: {cure}".rstrip(": "), name=module)
    raise AttributeError(f"module {module!r} has no attribute {name!r}: {cure}".rstrip(": "))


def _find_elsewhere(name: str) -> str:
    for module in ("cocopot", *_PUBLIC_MODULES):
        imported = importlib.import_module(module)
        value = vars(imported).get(name)
        if name in getattr(imported, "__all__", ()) or getattr(value, "__module__", None) == module:
            return f"from {module} import {name}"
    return ""


def _is_import(frame: FrameType) -> bool:
    """Return whether a frame is executing `from module import name`, which hides an AttributeError."""
    return frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]
