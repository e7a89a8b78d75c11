"""Notes on the errors of templates: the line, the template, and whose it is."""

from __future__ import annotations

import difflib
import sys
import traceback
from typing import TYPE_CHECKING

import jinja2
from jinja2 import TemplateNotFound, TemplatesNotFound, TemplateSyntaxError

from cocopot_jinja.loader import SearchPath

if TYPE_CHECKING:
    from types import TracebackType

    from cocopot_jinja.environment import Environment


def describe_current(environment: Environment) -> str | None:
    """Return where in which template the current exception was raised; `None` if that is in none.

    Args:
        environment: The environment.
    """
    _, error, tb = sys.exc_info()
    if isinstance(error, TemplateSyntaxError):
        return _describe(environment, error.name, error.filename, error.lineno)
    found = _innermost(tb)
    return None if found is None else _describe(environment, found[0].name, found[0].filename, found[1])


def _innermost(tb: TracebackType | None) -> tuple[jinja2.Template, int] | None:
    """Return the innermost template of a traceback, and its line."""
    found = None
    for frame, line in traceback.walk_tb(tb):
        template = frame.f_globals.get("__jinja_template__")  # where Jinja itself looks for it
        if isinstance(template, jinja2.Template):
            found = template, template.get_corresponding_lineno(line)
    return found


def _describe(environment: Environment, name: str | None, filename: str | None, line: int) -> str:
    if name is None:
        return f"In line {line} of a template from a string."
    owner = owner_of(environment, name, filename)
    file = "" if filename is None or filename.startswith("<") else f", {filename}"  # Jinja's <template>
    return f"In line {line} of the template {name!r}{owner}{file}."


def owner_of(environment: Environment, name: str, filename: str | None = None) -> str:
    """Return whose a template is, to follow its name; empty if that is unknown.

    Args:
        environment: The environment.
        name: Name of the template.
        filename: Its file, if that is known.
    """
    if not isinstance(environment.loader, SearchPath):
        return ""
    places = environment.loader.having(name)
    exact = [place for place, file in places if file == filename] or [place for place, _ in places]
    return f" of {exact[0].owner}" if exact else ""


def suggest(environment: Environment, error: TemplateNotFound) -> None:
    """Add the nearest name that exists to the error about a missing template.

    Args:
        environment: The environment.
        error: The error.
    """
    if isinstance(error, TemplatesNotFound) or hasattr(error, "__notes__") or not isinstance(error.name, str):
        return
    if isinstance(environment.loader, SearchPath):
        known = environment.loader.list_templates()
        if close := difflib.get_close_matches(error.name, known, n=1):
            error.add_note(f"Did you mean {close[0]!r}?")
