"""A template engine as a plugin: the standard library's `string.Template`, with values that are escaped."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from cocopot import Cocopot, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator


class Page:
    """A template, in which `$name` is a value; one that is not `Markup` is escaped.

    Args:
        source: The text of the template.
        name: Name of its file, or `None`.
    """

    module = None  # the templates define nothing

    def __init__(self, source: str, name: str | None = None) -> None:
        self.name = name
        self._template = Template(source.rstrip("\n"))

    def render(self, context: dict[str, Any], /) -> str:
        """Return the text with its values."""
        values = {name: escape(context[name]) for name in self._template.get_identifiers()}
        return Markup(self._template.substitute(values))  # noqa: S704 - each value has been escaped

    def generate(self, context: dict[str, Any], /) -> Iterator[str]:
        """Yield the text, as one part."""
        yield self.render(context)


class Engine:
    """Loads the templates of an application, each once.

    Args:
        app: The application.
    """

    def __init__(self, app: Cocopot) -> None:
        self._app = app
        self._pages: dict[str, Page] = {}

    def get_or_select_template(self, template_name_or_list: str | list[str], /) -> Page:
        """Return a template by its name, or the first one that exists."""
        names = [template_name_or_list] if isinstance(template_name_or_list, str) else template_name_or_list
        for name in names:
            page = self._pages.get(name) or self._load(name)
            if page is not None:
                return page
        raise LookupError(f"There is no template {template_name_or_list!r}.")

    def _load(self, name: str) -> Page | None:
        for folder in self._app.iter_template_folders():
            if (path := folder.find(name)) is not None:
                page = self._pages[name] = Page(Path(path).read_text("utf-8"), name)
                return page
        return None

    def from_string(self, source: str, /) -> Page:
        """Return the template with that text."""
        return Page(source)


class StringTemplates:
    """The plugin with this engine."""

    @hookimpl
    def cocopot_template_engine(self, app: Cocopot) -> Engine:
        """Return the engine."""
        return Engine(app)
