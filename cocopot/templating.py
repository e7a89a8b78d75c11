"""Templates: what an application calls to render them, and what an engine is.

The core has no template engine. A plugin returns one from the hook `cocopot_template_engine`; the functions
here collect the names for a template, call the hooks around it, and let the engine render.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from werkzeug.security import safe_join

from cocopot.context import current, current_or_none, has_request_context
from cocopot.engine_results import check_parts, check_template, check_text
from cocopot.exceptions import add_note, in_parentheses
from cocopot.hooks.attribution import attributed_call, check_names
from cocopot.locations import shown
from cocopot.logs import log_failure
from cocopot.proxies import g, request, session
from cocopot.scopes import blueprints_of
from cocopot.streaming import stream_with_context
from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cocopot.app import Cocopot
    from cocopot.hooks.source import HookFunction

__all__ = [
    "Template",
    "TemplateEngine",
    "TemplateFolder",
    "get_template_attribute",
    "render_template",
    "render_template_string",
    "stream_template",
    "stream_template_string",
]


# -------------------------------------------------------------------------
# What a plugin implements
# -------------------------------------------------------------------------


class Template(Protocol):
    """A template that an engine has loaded; a template of Jinja is one as it is.

    `render_template` also takes one in place of a name, so that a plugin can render a part of a page with
    everything around it: an object whose `render` returns one block of a template is a template.
    """

    @property
    def name(self) -> str | None:
        """Name of the template, relative to its folder; `None` if it was made from a string."""
        raise NotImplementedError

    @property
    def module(self) -> object:
        """An object whose attributes are what the template defines, such as its macros."""
        raise NotImplementedError

    def render(self, context: dict[str, Any], /) -> str:
        """Return the rendered text.

        Args:
            context: The names for the template.
        """
        raise NotImplementedError

    def generate(self, context: dict[str, Any], /) -> Iterator[str]:
        """Return the rendered text in parts, as they are produced.

        Args:
            context: The names for the template.
        """
        raise NotImplementedError


@runtime_checkable
class TemplateEngine(Protocol):
    """What renders templates; an environment of Jinja is one as it is.

    An engine is made for one application. It decides how values are escaped, when a changed file is loaded
    again, and what an unknown name is. From the application it takes:

    - `app.iter_template_folders()`: the folders with templates in search order, each with its owner
    - `app.template_filters`, `app.template_tests` and `app.template_globals`: functions by name. These are
      live: until the first request, names may be added after the engine has been made. The names in
      `template_globals` are available in every template, and those of its context have precedence.

    Example:
        ```python
        from cocopot import Cocopot, hookimpl, render_template_string
        from jinja2 import Environment

        class Jinja:
            @hookimpl
            def cocopot_template_engine(self, app):
                return Environment(autoescape=True)

        app = Cocopot("shop", autoload=False, plugins=[Jinja])
        with app.app_context():
            assert render_template_string("{{ bird }}", bird="<wren>") == "&lt;wren&gt;"
        ```
    """

    def get_or_select_template(self, template_name_or_list: Any, /) -> Template:
        """Return a template by its name, or the first one that exists of several names.

        Args:
            template_name_or_list: A name, or a list of names.

        Raises:
            LookupError: If there is none.
        """
        raise NotImplementedError

    def from_string(self, source: str, /) -> Template:
        """Return the template with that text.

        Args:
            source: The text.
        """
        raise NotImplementedError


class TemplateFolder(NamedTuple):
    """A folder with templates, and whose it is.

    Args:
        path: Absolute path of the folder, which need not exist.
        blueprint: Full name of the blueprint that has it as its `template_folder`, or `None`.
        plugin: Name of the plugin that added it, or that registered its blueprint; `None` for a folder of the
            application.
        distribution: Name of the plugin's distribution; `None` if there is none.
        version: Version of that distribution; `None` if there is none.
    """

    path: str
    blueprint: str | None = None
    plugin: str | None = None
    distribution: str | None = None
    version: str | None = None

    @property
    def owner(self) -> str:
        """Whose folder it is, for lists and messages, such as `"plugin 'admin' (cocopot-admin 1.0)"`."""
        plugin = f"plugin {self.plugin!r}{in_parentheses(self.distribution, self.version)}"
        owner = "the application" if self.plugin is None else plugin
        return owner if self.blueprint is None else f"blueprint {self.blueprint!r} of {owner}"

    def find(self, name: str) -> str | None:
        """Return the path of the file of a template; `None` if the folder does not have it.

        Args:
            name: Name of the template, with `/` between folders; one outside of the folder is not found.
        """
        path = safe_join(self.path, name)
        return path if path is not None and os.path.isfile(path) else None  # noqa: PTH113 - accepts all names


# -------------------------------------------------------------------------
# What an application calls
# -------------------------------------------------------------------------


def render_template(template_name_or_list: str | Template | Iterable[str | Template], **context: Any) -> str:
    """Render a template by its name.

    Args:
        template_name_or_list: The name, or several, of which the first one that exists is rendered; or a
            template that the engine has loaded.
        context: The names for the template; they have precedence over those of context processors.

    Raises:
        RuntimeError: Outside of an application context, or if there is no template engine.
    """
    app = current().app
    return _render(app, _load(app, template_name_or_list), context)


def render_template_string(source: str, **context: Any) -> str:
    """Render a template from its text; never pass a text that a client has sent.

    Args:
        source: The text of the template.
        context: As for `render_template`.

    Raises:
        RuntimeError: As for `render_template`.
    """
    app = current().app
    return _render(app, _from_string(app, source), context)


def stream_template(
    template_name_or_list: str | Template | Iterable[str | Template], **context: Any
) -> Iterator[str]:
    """Render a template by its name, in parts, as they are produced; a view may return the result.

    The request context stays active until the stream ends. The names are collected now.

    Args:
        template_name_or_list: As for `render_template`.
        context: As for `render_template`.

    Raises:
        RuntimeError: As for `render_template`.
    """
    app = current().app
    return _stream(app, _load(app, template_name_or_list), context)


def stream_template_string(source: str, **context: Any) -> Iterator[str]:
    """Render a template from its text, in parts, as `stream_template` does.

    Args:
        source: The text of the template; never one that a client has sent.
        context: As for `render_template`.

    Raises:
        RuntimeError: As for `render_template`.
    """
    app = current().app
    return _stream(app, _from_string(app, source), context)


def get_template_attribute(template_name: str, attribute: str) -> Any:
    """Return what a template defines, such as a macro, which can then be called.

    Args:
        template_name: Name of the template.
        attribute: Name of the macro or variable.

    Raises:
        AttributeError: If the template does not define it.
        RuntimeError: As for `render_template`.
    """
    module = _load(current().app, template_name).module
    try:
        return getattr(module, attribute)
    except AttributeError:
        hint = did_you_mean(attribute, (name for name in dir(module) if not name.startswith("_")))
        raise AttributeError(
            f"The template {template_name!r} has no attribute {attribute!r}. {hint}".rstrip()
        ) from None


# -------------------------------------------------------------------------
# Rendering
# -------------------------------------------------------------------------

_CONTEXT_HOOK, _RENDERED_HOOK = "cocopot_template_context", "cocopot_template_rendered"
#: The names in every context, which all others override.
_STANDARD: Mapping[str, object] = {"g": g, "request": request, "session": session}
#: The template that an override of `update_template_context` is called for.
_TEMPLATE: ContextVar[Template | None] = ContextVar("cocopot.template", default=None)


def _load(app: Cocopot, template: str | Template | Iterable[str | Template]) -> Template:
    engine = app.template_engine
    if hasattr(type(template), "render"):
        return template  # type: ignore[return-value]  # a template
    if isinstance(template, (bytes, bytearray)) or not isinstance(template, Iterable):
        raise TypeError(f"The name of a template is a string, or a list of strings, not {shown(template)}.")
    names = template if isinstance(template, str) else list(template)
    try:
        return check_template(app, engine.get_or_select_template(names), "get_or_select_template")
    except Exception as error:
        add_note(error, f"While loading {_describe(app, names)}.")
        raise


def _from_string(app: Cocopot, source: str) -> Template:
    return check_template(app, app.template_engine.from_string(source), "from_string")


def _render(app: Cocopot, template: Template, context: dict[str, Any]) -> str:
    _update_context(app, template, context)
    try:
        text = check_text(app, template.render(context))
    except Exception as error:
        add_note(error, f"While rendering {_describe_loaded(app, template)}.")
        raise
    _report_rendered(app, template, context)
    return text


def _stream(app: Cocopot, template: Template, context: dict[str, Any]) -> Iterator[str]:
    _update_context(app, template, context)

    def generate() -> Iterator[str]:
        try:
            yield from check_parts(app, template.generate(context))
        except Exception as error:
            what = _describe_loaded(app, template)
            add_note(error, f"While streaming {what}.")
            if not app.propagate_exceptions:  # the response has begun: no error handler is called
                log_failure(app, "Exception while streaming %s", what, error=error, forget=False)
            raise
        _report_rendered(app, template, context)

    stream = generate()
    return stream_with_context(stream) if has_request_context() else stream


def _update_context(app: Cocopot, template: Template, context: dict[str, Any]) -> None:
    """Add the names for a template to its context, also with an `update_template_context` of a subclass."""
    token = _TEMPLATE.set(template)
    try:
        app.update_template_context(context)
    finally:
        _TEMPLATE.reset(token)


def update_context(app: Cocopot, context: dict[str, Any]) -> None:
    """Add names to a context; see `Cocopot.update_template_context`."""
    names = dict(_STANDARD)
    for result in _collect(app, context):
        names.update(result)
    for name, value in names.items():
        context.setdefault(name, value)


def _collect(app: Cocopot, context: dict[str, Any]) -> Iterable[Mapping[str, object]]:
    scopes = _scopes()
    if app.debug and not app.plugins.monitors:
        return _collect_checked(app, scopes, context)
    # Read once: another thread may discard what is compiled at any time.
    compiled = app.plugins.compiled
    key = ("templates", *scopes)
    if key not in compiled:
        with app.plugins.locked():
            compiled = app.plugins.compiled
            compiled[key] = app.plugins.compile(_CONTEXT_HOOK, scopes)
    call: HookFunction | None = compiled[key]
    return () if call is None else call(app, _TEMPLATE.get(), context)


def _collect_checked(
    app: Cocopot, scopes: tuple[str, ...], context: dict[str, Any]
) -> Iterable[Mapping[str, object]]:
    """Collect names in debug mode: two plugins with one name are an error."""
    call = attributed_call(app.plugins, _CONTEXT_HOOK, scopes)
    if call is None:
        return ()
    results: Iterable[Mapping[str, object]]
    results, sources = call(app, _TEMPLATE.get(), context)
    check_names(app.plugins, _CONTEXT_HOOK, sources, context)
    return results


def _report_rendered(app: Cocopot, template: Template, context: dict[str, Any]) -> None:
    call = app.plugins.compiled_hook(_RENDERED_HOOK, _scopes())
    if call is not None:
        call(app, template, context)


def _scopes() -> tuple[str, ...]:
    """Return the blueprints of the current request; without an endpoint, those of its error handler."""
    context = current_or_none()
    if context is None or context.request is None:
        return ()
    endpoint, handler = context.request.endpoint, context.request.handled_by
    if endpoint is None and handler is not None and handler.scope is not None:
        endpoint = f"{handler.scope}."
    return tuple(blueprints_of(endpoint))


def _describe_loaded(app: Cocopot, template: Template) -> str:
    """Return a template with its file and owner, for messages; without them if it is not from a folder."""
    if template.name is None:
        return "a template from a string"
    for folder in app.iter_template_folders():
        path = folder.find(template.name)
        if path is not None and getattr(template, "filename", path) == path:  # Jinja's have one
            return f"the template {template.name!r} of {folder.owner}, {path}"
    return f"the template {template.name!r}"


def _describe(app: Cocopot, template: str | Sequence[str | Template]) -> str:
    """Return a template with its file and owner, for messages, or where a missing one was searched for."""
    folders = list(app.iter_template_folders())
    for name in [template] if isinstance(template, str) else template:
        for folder in folders:
            if isinstance(name, str) and (path := folder.find(name)) is not None:
                return f"the template {name!r} of {folder.owner}, {path}"
    searched = ", ".join(f"{folder.path} of {folder.owner}" for folder in folders)
    return f"the template {template!r}, which is in none of these folders: {searched or 'none'}"
