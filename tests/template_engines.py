"""Two template engines, as plugins: a tiny one of our own, and Jinja, both on public names alone."""

from __future__ import annotations

import re
from collections import ChainMap
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from jinja2 import BaseLoader, Environment, TemplateNotFound

from cocopot import Cocopot, hookimpl, render_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jinja2 import Template as JinjaTemplate

    from cocopot.templating import TemplateEngine

# -------------------------------------------------------------------------
# {{ name }} and {{ name|filter }}
# -------------------------------------------------------------------------

_PART = re.compile(r"\{\{ (\w+)(?:\|(\w+))? \}\}")


class BracesTemplate:
    """A template in which `{{ name }}` is a value, and `{{ name() }}` does not exist."""

    def __init__(self, app: Cocopot, source: str, name: str | None) -> None:
        self._app, self._parts, self.name = app, _PART.split(source), name
        # The first line may define something: `#! title = Birds`.
        definitions = re.findall(r"^#! (\w+) = (.*)$", source, re.MULTILINE)
        self.module = SimpleNamespace(**dict(definitions))

    def render(self, context: dict[str, Any], /) -> str:
        return "".join(self.generate(context))

    def generate(self, context: dict[str, Any], /) -> Iterator[str]:
        names = ChainMap(context, self._app.template_globals)
        for index in range(0, len(self._parts), 3):
            yield self._parts[index]
            if index + 1 < len(self._parts):
                value, name = names[self._parts[index + 1]], self._parts[index + 2]
                value = value if name is None else self._app.template_filters[name](value)
                yield value.__html__() if hasattr(value, "__html__") else escape(str(value))


class BracesEngine:
    """The engine of these templates."""

    def __init__(self, app: Cocopot) -> None:
        self._app = app

    def get_or_select_template(self, template_name_or_list: Any, /) -> BracesTemplate:
        names = template_name_or_list if isinstance(template_name_or_list, list) else [template_name_or_list]
        for name in names:
            for folder in self._app.iter_template_folders():
                if (path := folder.find(name)) is not None:
                    return BracesTemplate(self._app, Path(path).read_text("utf-8"), name)
        raise LookupError(f"no template {template_name_or_list!r}")

    def from_string(self, source: str, /) -> BracesTemplate:
        return BracesTemplate(self._app, source, None)


class Braces:
    """The plugin with that engine."""

    plugin_name = "braces"

    @hookimpl
    def cocopot_template_engine(self, app: Cocopot) -> BracesEngine:
        return BracesEngine(app)


# -------------------------------------------------------------------------
# Jinja
# -------------------------------------------------------------------------


class FolderLoader(BaseLoader):
    """Loads templates from the folders of an application, its blueprints and its plugins."""

    def __init__(self, app: Cocopot) -> None:
        self._app = app

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        found = (folder.find(template) for folder in self._app.iter_template_folders())
        file = next((path for path in found if path is not None), None)
        if file is None:
            raise TemplateNotFound(template)
        path = Path(file)
        changed = path.stat().st_mtime_ns
        return path.read_text("utf-8"), file, lambda: path.stat().st_mtime_ns == changed


class JinjaEnvironment(Environment):
    """An environment with the filters, tests and globals of an application."""

    def __init__(self, app: Cocopot) -> None:
        super().__init__(
            loader=FolderLoader(app),
            autoescape=lambda name: name is None or not name.endswith(".txt"),
            auto_reload=app.debug,
        )
        # Live: what is registered later is there as well, and what is set here is set in the application.
        self.filters = cast("Any", ChainMap(app.template_filters, self.filters))
        self.tests = cast("Any", ChainMap(app.template_tests, self.tests))
        self.globals = cast("Any", ChainMap(app.template_globals, self.globals))


class Jinja:
    """The plugin with that engine."""

    plugin_name = "jinja"

    @hookimpl
    def cocopot_template_engine(self, app: Cocopot) -> TemplateEngine:
        return JinjaEnvironment(app)


class JinjaBlock:
    """One block of a template, as a template."""

    def __init__(self, template: JinjaTemplate, block: str) -> None:
        self._template, self._block = template, block
        self.name, self.module = template.name, None

    def render(self, context: dict[str, Any], /) -> str:
        return "".join(self.generate(context))

    def generate(self, context: dict[str, Any], /) -> Iterator[str]:
        yield from self._template.blocks[self._block](self._template.new_context(context))


def render_block(app: Cocopot, name: str, block: str, **context: Any) -> str:
    """Render one block of a template, with the hooks around it."""
    template = cast("JinjaTemplate", app.template_engine.get_or_select_template(name))
    return render_template(JinjaBlock(template, block), **context)
