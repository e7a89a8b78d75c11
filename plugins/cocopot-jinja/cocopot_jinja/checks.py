"""What `cocopot check` reports: templates that cannot be compiled, and contributions that are never seen."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from cocopot.cli import Finding
from cocopot_jinja.listing import list_templates, slots_of, syntax_error
from cocopot_jinja.loader import SearchPath
from cocopot_jinja.slots import contributions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import TemplateSyntaxError

    from cocopot_jinja.environment import Environment
    from cocopot_jinja.listing import Listed


def find_all(environment: Environment) -> Iterator[Finding]:
    """Yield what is wrong with the templates of an application.

    Args:
        environment: Its environment.
    """
    if not isinstance(environment.loader, SearchPath):
        return
    templates = list(list_templates(environment))
    for template in templates:
        error = syntax_error(environment, template)
        if error is not None:
            yield _invalid(template, error)
    if environment.loader.is_listable:
        yield from _lost_contributions(environment, templates)


def _invalid(template: Listed, error: TemplateSyntaxError) -> Finding:
    plugin = template.place.folder.plugin
    return Finding(
        "error",
        "plugin" if plugin else "application",
        f"The template {template.name!r} of {template.place.owner} cannot be compiled: {error.message}",
        "Correct it, or move a file that is not a template out of the folder.",
        plugin,
        f"{template.file}:{error.lineno}",
    )


def _lost_contributions(environment: Environment, templates: list[Listed]) -> Iterator[Finding]:
    used, shadowed = slots_of(environment, templates)
    if used.has_computed:
        return
    owners = {template.name: template.place.owner for template in templates}
    for found in contributions(environment.app):
        for name in sorted((found.names or frozenset()) - used.templates.keys()):
            owner = f"{found.owner[0].upper()}{found.owner[1:]}"
            problem = f"{owner} contributes to the slot {name!r}, which no template has."
            having = shadowed.templates.get(name, [])
            cure = _cure_of_shadowed(name, having[0], owners) if having else _cure(name, used.templates)
            yield Finding("warning", "plugin", problem, cure, found.plugin)


def _cure_of_shadowed(slot: str, template: str, owners: dict[str, str]) -> str:
    return (
        f"The template {template!r} has it where it is shadowed by that of {owners[template]}: "
        f'add {{{{ slot("{slot}") }}}} to the one that is used.'
    )


def _cure(slot: str, known: dict[str, list[str]]) -> str:
    close = difflib.get_close_matches(slot, known, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{hint}The slots are: {', '.join(sorted(known)) or 'none'}."
