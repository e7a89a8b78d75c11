"""The environment of Jinja for an application, and its templates."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn, cast

import jinja2
from jinja2 import TemplateNotFound, nodes
from jinja2.utils import LRUCache, missing

from cocopot_jinja.errors import describe_current, suggest
from cocopot_jinja.loader import SearchPath
from cocopot_jinja.names import make_csp_nonce, slot
from cocopot_jinja.options import read_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableMapping

    from jinja2.runtime import Context

    from cocopot import Cocopot


#: The most templates from strings that are cached, and the most characters of one.
_MOST_CACHED, _LONGEST_CACHED = 100, 10_000
#: Reads what a template is compiled with, besides its text.
_compiled_with = attrgetter(
    *("block_start_string", "block_end_string", "variable_start_string", "variable_end_string"),
    *("comment_start_string", "comment_end_string", "line_statement_prefix", "line_comment_prefix"),
    *("trim_blocks", "lstrip_blocks", "newline_sequence", "keep_trailing_newline"),
    *("autoescape", "finalize", "optimized", "sandboxed"),
)


class Template(jinja2.Template):
    """A template, which collects its names faster than that of Jinja."""

    def new_context(
        self,
        vars: dict[str, Any] | None = None,  # noqa: A002 - the name that Jinja has
        shared: bool = False,
        locals: Mapping[str, Any] | None = None,  # noqa: A002
    ) -> Context:
        """Return a context for rendering; see `jinja2.Template.new_context`.

        Args:
            vars: The names.
            shared: Whether they contain the globals already.
            locals: Further names, of the template that includes this one.
        """
        environment = self.environment
        own, *_ = self.globals.maps  # type: ignore[attr-defined]  # a ChainMap, whose lookups are slow
        names = {**environment.globals, **own} if own else environment.globals
        parent = (vars or {}) if shared else {**names, **(vars or {})}
        if locals:
            parent = {**parent, **{name: value for name, value in locals.items() if value is not missing}}
        return environment.context_class(environment, parent, self.name, self.blocks, globals=names)


class Environment(jinja2.Environment):
    """An environment of Jinja with the loaders, filters, tests and globals of an application.

    What is registered on the application after the environment has been made is there as well; what is set
    here is not set there.

    Args:
        app: The application.
        options: As for `jinja2.Environment`.
    """

    template_class = Template

    def __init__(self, app: Cocopot, **options: Any) -> None:
        if options.get("loader") is None:
            options["loader"] = cast("Any", app).create_global_jinja_loader()
        super().__init__(**options)
        self._from_strings = LRUCache(_MOST_CACHED)
        #: The application.
        self.app = app
        self._is_complete = False
        self._copied: tuple[dict[str, Any], ...] = ({}, {}, {})
        self.copy_names()

    def copy_names(self) -> None:
        """Copy what has been registered on the application since the last time, until it is closed."""
        app = self.app
        is_complete = app.started
        tables: Iterable[tuple[Mapping[str, Any], MutableMapping[str, Any]]] = (
            (app.template_filters, self.filters),
            (app.template_tests, self.tests),
            (app.template_globals, self.globals),
        )
        for (source, target), copied in zip(tables, self._copied, strict=True):
            for name, value in source.items():
                if name not in copied or copied[name] is not value:
                    target[name] = copied[name] = value
        self._is_complete = is_complete

    def get_template(
        self,
        name: str | jinja2.Template,
        parent: str | None = None,
        globals: Any = None,  # noqa: A002
    ) -> jinja2.Template:
        """Return a template; see `jinja2.Environment.get_template`.

        Args:
            name: Its name.
            parent: The template that names it.
            globals: Names for it alone.

        Raises:
            TemplateNotFound: If there is none of that name.
        """
        if not self._is_complete:
            self.copy_names()
        return super().get_template(name, parent, globals)

    def get_or_select_template(
        self,
        template_name_or_list: Any,
        parent: str | None = None,
        globals: Any = None,  # noqa: A002
    ) -> jinja2.Template:
        """Return a template by its name, or the first one that exists of several.

        Args:
            template_name_or_list: A name, or a list of names.
            parent: The template that names it.
            globals: Names for it alone.

        Raises:
            TemplateNotFound: If there is none; with the nearest name that exists.
        """
        if not self._is_complete:
            self.copy_names()
        try:
            return super().get_or_select_template(template_name_or_list, parent, globals)
        except TemplateNotFound as error:
            suggest(self, error)
            raise

    def from_string(
        self,
        source: str | nodes.Template,
        globals: Any = None,  # noqa: A002
        template_class: type[jinja2.Template] | None = None,
    ) -> jinja2.Template:
        """Return the template with that text; see `jinja2.Environment.from_string`.

        Once the application has started, short texts are compiled only once, as files are: where the number
        of cached templates is not 0, and with the syntax and the extensions that there were.

        Args:
            source: The text.
            globals: Names for it alone.
            template_class: Its class.
        """
        if not self._is_complete:
            self.copy_names()
        is_cached = self._is_complete and self.cache is not None and globals is template_class is None
        if not is_cached or type(source) is not str or len(source) > _LONGEST_CACHED:
            return super().from_string(source, globals, template_class)
        # With its own identity, because overlays have the same cache.
        key = (id(self), source, len(self.extensions), *_compiled_with(self))
        template: jinja2.Template | None = self._from_strings.get(key)
        if template is None:
            template = self._from_strings[key] = super().from_string(source)
        return template

    def handle_exception(self, source: str | None = None) -> NoReturn:
        """Raise the current exception again, with the line of the template, and its owner, as a note.

        Args:
            source: The text of a template that cannot be compiled.
        """
        note = describe_current(self)
        try:
            super().handle_exception(source)
        except BaseException as error:
            if isinstance(error, TemplateNotFound):
                suggest(self, error)
            if note is not None and note not in getattr(error, "__notes__", ()):
                error.add_note(note)
            raise


def create_environment(app: Cocopot) -> Environment:
    """Return a new environment for an application; the default of `app.create_jinja_environment`.

    Args:
        app: The application.

    Raises:
        PluginError: If the configuration is invalid.
        TypeError: If `app.jinja_environment` is not a subclass of `Environment`.
    """
    attributes = cast("Any", app)
    cls = attributes.jinja_environment
    if not (isinstance(cls, type) and issubclass(cls, Environment)):
        raise TypeError(f"jinja_environment is {cls!r}; it must be a subclass of cocopot_jinja.Environment.")
    options = dict(attributes.jinja_options)
    options.setdefault("autoescape", attributes.select_jinja_autoescape)
    configured = read_options(app)
    options.setdefault("auto_reload", configured.auto_reload)
    options.setdefault("undefined", configured.undefined)
    options.setdefault("bytecode_cache", configured.bytecode_cache)
    environment = cls(app, **options)
    for name, value in (("csp_nonce", make_csp_nonce(app)), ("slot", slot)):
        if name not in app.template_globals:
            environment.globals[name] = value

    def dumps(value: object, **kwargs: Any) -> str:
        return app.json.dumps(value, **kwargs)  # a provider that may be assigned later

    environment.policies["json.dumps_function"] = dumps
    # Without Jinja's `sort_keys`: the provider decides.
    environment.policies["json.dumps_kwargs"] = {}
    return environment


def configure(app: Cocopot, environment: Environment) -> None:
    """Apply the configuration to an environment that may have been made before it was complete.

    Args:
        app: The application.
        environment: Its environment.

    Raises:
        PluginError: If the configuration is invalid.
    """
    configured, own = read_options(app), cast("Any", app).jinja_options
    if "auto_reload" not in own:
        environment.auto_reload = configured.auto_reload
    if "undefined" not in own:
        environment.undefined = configured.undefined
    if "bytecode_cache" not in own:
        environment.bytecode_cache = configured.bytecode_cache
    if isinstance(environment.loader, SearchPath):
        environment.loader.explain = configured.explain


def environment_of(app: Cocopot) -> Environment:
    """Return `app.jinja_env`, with a type that type checkers know.

    Args:
        app: The application.

    Raises:
        AttributeError: If the plugin is not loaded.
    """
    environment: Environment = cast("Any", app).jinja_env
    return environment
