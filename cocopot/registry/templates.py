"""What application and blueprint register for templates: folders, context processors, filters and such."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast, overload

from cocopot.flashing import get_flashed_messages
from cocopot.folders import Folders
from cocopot.functions import check_function, name_of, takes_function
from cocopot.helpers import url_for
from cocopot.hooks.missing import why_not_loaded
from cocopot.paths import find_root_path
from cocopot.proxies import g, request, session
from cocopot.registry.callbacks import CONTEXT_PROCESSOR, function_table
from cocopot.registry.template_folders import search_path
from cocopot.templating import update_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cocopot.app import Cocopot
    from cocopot.hooks import PluginManager
    from cocopot.hooks.records import PluginRecord
    from cocopot.registry.blueprints import Blueprint
    from cocopot.templating import TemplateEngine, TemplateFolder
    from cocopot.types import F, StrPath

#: The attributes of application and blueprint that map names to functions for templates.
NAME_TABLES = ("template_filters", "template_tests", "template_globals")


class TemplateRegistrar(Folders):
    """What application and blueprint register for templates.

    Args:
        import_name: As for `Folders`.
        static_folder: As for `Folders`.
        static_url_path: As for `Folders`.
        root_path: As for `Folders`.
        plugins: The plugin manager of an application; a blueprint has none.
    """

    #: Folder with templates, relative to the root path; `None` for none.
    template_folder: StrPath | None = None

    def __init__(
        self,
        import_name: str,
        static_folder: StrPath | None = None,
        static_url_path: str | None = None,
        root_path: str | None = None,
        plugins: PluginManager | None = None,
    ) -> None:
        super().__init__(import_name, static_folder, static_url_path, root_path)
        #: Context processors by blueprint name, or `None`.
        self.template_context_processors = function_table(CONTEXT_PROCESSOR, plugins)
        #: Filters for templates by name.
        self.template_filters: dict[str, Callable[..., Any]] = {}
        #: Tests for templates by name.
        self.template_tests: dict[str, Callable[..., Any]] = {}
        #: What is available in every template, by name; the names of its context have precedence.
        self.template_globals: dict[str, Any] = {}

    def check_open(self, action: str) -> None:
        """Raise an error that names the remedy if it is too late for `action`."""
        raise NotImplementedError

    @takes_function
    def context_processor(self, f: F) -> F:
        """Register a function that returns names for the templates that are rendered."""
        self.check_open("context_processor")
        self.template_context_processors[None].append(f)
        return f

    # -- functions for templates ---------------------------------------

    @overload
    def template_filter(self, name: F) -> F: ...
    @overload
    def template_filter(self, name: str | None = None) -> Callable[[F], F]: ...
    def template_filter(self, name: F | str | None = None) -> F | Callable[[F], F]:
        """Register a function as a filter for all templates of the application.

        Args:
            name: Name of the filter; by default that of the function.
        """
        return _decorator(self.add_template_filter, name)

    def add_template_filter(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Register `f` as a filter for all templates of the application.

        Args:
            f: The function; it takes the value first.
            name: Name of the filter; by default that of the function.

        Raises:
            TypeError: If it has no name, or would never run.
        """
        self._add("template_filter", self.template_filters, f, name, may_yield=True)

    @overload
    def template_test(self, name: F) -> F: ...
    @overload
    def template_test(self, name: str | None = None) -> Callable[[F], F]: ...
    def template_test(self, name: F | str | None = None) -> F | Callable[[F], F]:
        """Register a function as a test for all templates of the application.

        Args:
            name: Name of the test; by default that of the function.
        """
        return _decorator(self.add_template_test, name)

    def add_template_test(self, f: Callable[..., Any], name: str | None = None) -> None:
        """Register `f` as a test for all templates of the application.

        Args:
            f: The function; it takes the value first, and returns whether the test holds.
            name: Name of the test; by default that of the function.

        Raises:
            TypeError: If it has no name, or would never run.
        """
        self._add("template_test", self.template_tests, f, name)

    @overload
    def template_global(self, name: F) -> F: ...
    @overload
    def template_global(self, name: str | None = None) -> Callable[[F], F]: ...
    def template_global(self, name: F | str | None = None) -> F | Callable[[F], F]:
        """Register a function that is available in all templates of the application.

        Args:
            name: Its name there; by default that of the function.
        """
        return _decorator(self.add_template_global, name)

    def add_template_global(self, f: Any, name: str | None = None) -> None:
        """Register a function, or another object, that is available in all templates of the application.

        Args:
            f: The function, or the object.
            name: Its name there; by default that of the function.

        Raises:
            TypeError: If it has no name, or would never run.
        """
        self._add("template_global", self.template_globals, f, name, may_yield=True)

    def _add(
        self, action: str, table: dict[str, Any], f: object, name: object, *, may_yield: bool = False
    ) -> None:
        self.check_open(action)
        if name is None:
            name = getattr(f, "__name__", "")
        if not isinstance(name, str) or name in ("", "<lambda>"):
            what = name_of(f) if callable(f) else repr(f)
            raise TypeError(f"{action}: {what} needs a name for templates, a string: pass name=.")
        if callable(f) or table is not self.template_globals:
            check_function(f"@{action}", f, may_yield=may_yield)
        table[name] = f


def _decorator(add: Callable[[F, str | None], None], name: F | str | None) -> F | Callable[[F], F]:
    """Return the decorator of a name, or a function that has been registered without parentheses."""
    if callable(name):
        add(name, None)
        return name

    def decorator(f: F) -> F:
        add(f, name)
        return f

    return decorator


class AppTemplates(TemplateRegistrar):
    """What only an application has for templates: the engine, and the folders of all in search order.

    Args:
        import_name: As for `Folders`.
        static_folder: As for `Folders`.
        static_url_path: As for `Folders`.
        root_path: As for `Folders`.
        plugins: The plugin manager.
    """

    plugins: PluginManager
    blueprints: dict[str, Blueprint]

    def __init__(
        self,
        import_name: str,
        static_folder: StrPath | None,
        static_url_path: str | None,
        root_path: str | None,
        plugins: PluginManager,
    ) -> None:
        super().__init__(import_name, static_folder, static_url_path, root_path, plugins)
        self.template_globals.update(
            g=g, request=request, session=session, url_for=url_for, get_flashed_messages=get_flashed_messages
        )
        #: Folders that `add_template_folder` has added, each with its plugin, or `None` for the application.
        self._added_template_folders: dict[str, PluginRecord | None] = {}

    @cached_property
    def template_engine(self) -> TemplateEngine:
        """The template engine: what the first plugin returns from `cocopot_template_engine`.

        Raises:
            RuntimeError: If no plugin does.
        """
        with self.plugins.locked():
            engine: TemplateEngine | None = vars(self).get("template_engine")  # made by another thread
            if engine is None:
                engine = self.plugins.hook.cocopot_template_engine(app=self)
        if engine is None:
            why = why_not_loaded(self.plugins, "jinja")
            raise RuntimeError(f"No plugin returns a template engine from cocopot_template_engine. {why}")
        return engine

    def update_template_context(self, context: dict[str, Any]) -> None:
        """Add the names to a context that a template gets which is rendered now.

        These are `g`, `request` and `session`, what plugins return from `cocopot_template_context`, then what
        the context processors of the application return, then those of the blueprints of the current request.
        A later one has precedence, and a name that is in the context already has precedence over all.
        """
        update_context(cast("Cocopot", self), context)

    def add_template_folder(self, folder: StrPath) -> None:
        """Add a folder with templates; a plugin calls it in `cocopot_setup`.

        Args:
            folder: Its path: of a plugin relative to the module that implements `cocopot_setup`, of an
                application to the root path.

        Raises:
            FileNotFoundError: If there is no such folder.
            RuntimeError: After the first request.
        """
        self.check_open("add_template_folder")
        record, root = self._plugin_in_setup()
        path = os.path.abspath(os.path.join(root, folder))  # noqa: PTH100, PTH118 - keeps an absolute path
        if not os.path.isdir(path):  # noqa: PTH112
            raise FileNotFoundError(
                f"The template folder {path} does not exist. A relative path begins in {root}, and a wheel "
                "must contain the files of the folder."
            )
        self._added_template_folders.setdefault(path, record)

    def _plugin_in_setup(self) -> tuple[PluginRecord | None, str]:
        """Return the plugin whose `cocopot_setup` runs, and the folder of the module that implements it."""
        name = self.plugins.current_setup.get()
        if name is None:
            return None, self.root_path
        impls = self.plugins.call_order("cocopot_setup")
        (module,) = (impl.function.__module__ for impl in impls if impl.plugin_name == name)
        root = find_root_path(module) if module else self.root_path
        return self.plugins.records_by_name[name], root

    def iter_template_folders(self) -> Iterator[TemplateFolder]:
        """Return the folders with templates in search order: of two files with one name, the first is used.

        First come those of the application and its blueprints, then those of plugins and their blueprints,
        the plugin that was loaded last first. A plugin is therefore before the plugins that it requires.
        """
        return iter(search_path(cast("Cocopot", self), self._added_template_folders))
