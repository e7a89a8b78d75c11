"""The templates of an application: which file is used, what it shadows, what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import TemplateNotFound, TemplateSyntaxError

from cocopot_jinja.loader import SearchPath
from cocopot_jinja.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot_jinja.environment import Environment
    from cocopot_jinja.loader import Place


@dataclass(frozen=True, slots=True)
class Listed:
    """A template.

    Args:
        name: Its name.
        places: The places that have it, in search order, each with its file: the first one is used.
        source: Its text; `None` if it is not a text.
    """

    name: str
    places: list[tuple[Place, str]]
    source: str | None

    @property
    def place(self) -> Place:
        """The place that it is loaded from."""
        return self.places[0][0]

    @property
    def file(self) -> str:
        """The file that is used, or the loader."""
        return self.places[0][1]


def list_templates(environment: Environment) -> Iterator[Listed]:
    """Yield the templates of an application, by name.

    Args:
        environment: Its environment; one with another loader than a `SearchPath` has no list.
    """
    path = environment.loader
    if not isinstance(path, SearchPath):
        return
    for name in path.list_templates():
        places = path.having(name)
        if places:
            yield Listed(name, places, _source(environment, places[0][0], name))


def slots_of(environment: Environment, templates: list[Listed]) -> tuple[Slots, Slots]:
    """Return the slots of the templates that are used, and those of the templates that these shadow.

    Args:
        environment: The environment.
        templates: The templates.
    """
    used, shadowed = Slots(), Slots()
    for template in templates:
        if template.source is not None:
            used.add(environment, template.name, template.source)
        for place, _ in template.places[1:]:
            source = _source(environment, place, template.name)
            if source is not None:
                shadowed.add(environment, template.name, source)
    return used, shadowed


def syntax_error(environment: Environment, template: Listed) -> TemplateSyntaxError | None:
    """Return why a template cannot be compiled; `None` if it can.

    Args:
        environment: The environment.
        template: The template.
    """
    if template.source is None:
        return None
    try:
        environment.compile(template.source, template.name, template.file)
    except TemplateSyntaxError as error:
        return error
    return None


def _source(environment: Environment, place: Place, name: str) -> str | None:
    try:
        return place.loader.get_source(environment, name)[0]
    except (UnicodeDecodeError, TemplateNotFound):
        return None
