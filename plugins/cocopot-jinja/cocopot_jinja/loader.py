"""The search path of templates: the loaders of an application and its plugins, each with its owner."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import BaseLoader, Environment, FileSystemLoader, TemplateNotFound

from cocopot.templating import TemplateFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pluggy

    from cocopot import Blueprint, Cocopot


def select_autoescape(filename: str | None) -> bool:
    """Return whether values are escaped in a template: in every one whose name does not end with `.txt`.

    Args:
        filename: Name of the template; `None` if it was made from a string.
    """
    return filename is None or not filename.endswith(".txt")


@dataclass(frozen=True, slots=True)
class Place:
    """A loader of the search path, and whose it is.

    Args:
        loader: The loader.
        folder: Its owner, in the form in which the application lists folders; its path is empty for a loader
            without a folder.
    """

    loader: BaseLoader
    folder: TemplateFolder

    @property
    def owner(self) -> str:
        """Whose it is, such as `"plugin 'admin' (cocopot-admin 1.0)"`."""
        return self.folder.owner

    def find(self, name: str) -> str | None:
        """Return the file of a template, or the class of the loader that has it; `None` if it has not."""
        if type(self.loader) is FileSystemLoader and self.folder.path:
            return self.folder.find(name)
        try:
            _, file, _ = self.loader.get_source(_PLAIN, name)
        except TemplateNotFound:
            return None
        return file or f"a {type(self.loader).__name__}"

    def names(self) -> list[str] | None:
        """Return the names of the templates that it has; `None` if the loader cannot list them."""
        try:
            return self.loader.list_templates()
        except TypeError:  # as Jinja's loaders raise
            return None


_PLAIN = Environment(autoescape=True)  # for loaders, which take an environment and do not need it


class SearchPath(BaseLoader):
    """Loads each template from the first place that has it: the application, then its plugins.

    Args:
        app: The application.
    """

    #: Whether each search is logged.
    explain = False

    def __init__(self, app: Cocopot) -> None:
        self._app = app
        self._places: tuple[Place, ...] | None = None

    @property
    def places(self) -> tuple[Place, ...]:
        """The loaders in search order. They are read again until registration is closed."""
        places = self._places
        if places is None:
            places = tuple(self._find_places())
            if self._app.started:
                self._places = places
        return places

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """Return the source of a template, its file, and a function that returns whether it is unchanged.

        Args:
            environment: The environment.
            template: Name of the template.

        Raises:
            TemplateNotFound: If no place has it.
        """
        places = self.places
        if self.explain:
            self._explain(template, places)
        for place in places:
            try:
                return place.loader.get_source(environment, template)
            except TemplateNotFound:
                continue
        raise TemplateNotFound(template)

    def list_templates(self) -> list[str]:
        """Return the names of all templates, in alphabetical order."""
        return sorted({name for place in self.places for name in place.names() or ()})

    @property
    def is_listable(self) -> bool:
        """Whether every loader can list its templates."""
        return all(place.names() is not None for place in self.places)

    def having(self, name: str) -> list[tuple[Place, str]]:
        """Return the places that have a template in search order, each with its file: the first one is used.

        Args:
            name: Name of the template.
        """
        return [(place, file) for place in self.places if (file := place.find(name)) is not None]

    def _explain(self, name: str, places: tuple[Place, ...]) -> None:
        found = [place.find(name) for place in places]
        chosen = next((index for index, file in enumerate(found) if file is not None), None)
        lines = [f"Searching for the template {name!r}:"]
        for index, (place, file) in enumerate(zip(places, found, strict=True)):
            where = place.folder.path or f"a {type(place.loader).__name__}"
            result = "no match" if file is None else "found" if index == chosen else "found, and shadowed"
            lines.append(f"  {index + 1}. {place.owner}, {where}: {result}")
        if chosen is None:
            lines.append("  It is in none of them.")
        self._app.logger.info("%s", "\n".join(lines))

    def _find_places(self) -> Iterator[Place]:
        plugins = {record.name: index for index, record in enumerate(self._app.plugins.records("plugin"))}
        ranked = [(_rank(place, plugins), place) for place in self._folder_places()]
        ranked += [(_rank(place, plugins), place) for place in self._loader_places()]
        yield from (place for _, place in sorted(ranked, key=lambda item: item[0]))

    def _folder_places(self) -> Iterator[Place]:
        """Yield what the application lists, with the loaders that replace a folder."""
        app = self._app
        loader, own = _own_loader(app), _path_of(app)
        if loader is not None:
            is_own = type(loader) is FileSystemLoader and loader.searchpath == [own]
            yield Place(loader, TemplateFolder(own if is_own else ""))
        for folder in app.iter_template_folders():
            if folder.path == own and folder.plugin is None and folder.blueprint is None:
                continue
            other = None if folder.blueprint is None else _loader_of(app.blueprints[folder.blueprint])
            yield Place(other or FileSystemLoader(folder.path), folder)
        for name, blueprint in app.blueprints.items():  # those that have a loader, and no folder
            other = _loader_of(blueprint)
            if other is not None and blueprint.template_folder is None:
                record = app.plugins.claims.record_of("blueprint", name)
                yield Place(other, _folder_of(record, name))

    def _loader_places(self) -> Iterator[Place]:
        """Yield the loaders that plugins return from `jinja_loader`."""
        app = self._app
        impls: list[pluggy.HookImpl] = app.plugins.call_order("jinja_loader")
        wrappers = [impl for impl in impls if impl.wrapper or impl.hookwrapper]
        for impl in impls:
            if impl in wrappers:
                continue
            record = app.plugins.records_by_name[impl.plugin_name]
            for loader in app.plugins.call_implementations("jinja_loader", [impl, *wrappers], app=app):
                yield Place(loader, _folder_of(record))


def _folder_of(record: Any, blueprint: str | None = None) -> TemplateFolder:
    """Return the owner of a loader, from the record of a plugin or `None`, as a folder without a path."""
    if record is None:
        return TemplateFolder("", blueprint)
    return TemplateFolder("", blueprint, record.name, record.distribution or None, record.version or None)


def _rank(place: Place, plugins: dict[str, int]) -> int:
    plugin = place.folder.plugin
    return -len(plugins) if plugin is None else -plugins.get(plugin, 0)


def _path_of(app: Cocopot) -> str:
    """Return the path of the application's own template folder; empty if it has none."""
    folder = app.template_folder
    return "" if folder is None else os.path.abspath(os.path.join(app.root_path, folder))  # noqa: PTH100, PTH118


def default_loader(app: Any) -> BaseLoader | None:
    """Return the default of `app.jinja_loader`: the loader of the application's own template folder."""
    path = _path_of(app)
    return FileSystemLoader(path) if path else None


def _own_loader(app: Any) -> BaseLoader | None:
    loader: BaseLoader | None = app.jinja_loader
    return loader


def _loader_of(blueprint: Blueprint) -> BaseLoader | None:
    """Return the loader that a blueprint has been given, or that its class has."""
    loader: BaseLoader | None = getattr(blueprint, "jinja_loader", None)
    return loader
