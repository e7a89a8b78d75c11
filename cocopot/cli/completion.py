"""Completion of values by the shell: names that the application, its plugins or the installation have."""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from cocopot.cli.loading import AppLoader
from cocopot.hooks.candidates import installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

    from cocopot.app import Cocopot

    Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def complete(names: Callable[[], Iterable[str]]) -> Complete:
    """Return the function that completes a value with names; for `shell_complete` of a parameter.

    A failure completes nothing, and nothing is printed: the shell would take it for values.

    Args:
        names: Returns the names; called when the shell asks.
    """
    return lambda _context, _parameter, incomplete: _matching(names, incomplete)


def complete_from_app(names: Callable[[Cocopot], Iterable[str]]) -> Complete:
    """Return the function that completes a value with names that an application has.

    Args:
        names: Returns the names; called with the application when the shell asks.
    """
    return lambda context, _parameter, incomplete: _matching(
        lambda: names(context.ensure_object(AppLoader).load()), incomplete
    )


def complete_plugins(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the last of the names of plugins that are installed, or that the application loads."""
    before, comma, last = incomplete.rpartition(",")
    found = _matching(lambda: [candidate.name for candidate in installed()], last)
    found += _matching(lambda: _plugins_of(context.ensure_object(AppLoader).load()), last)
    return [CompletionItem(f"{before}{comma}{name}") for name in {item.value: None for item in found}]


def _plugins_of(app: Cocopot) -> list[str]:
    return [record.name for record in app.plugins.records("plugin")]


def _matching(names: Callable[[], Iterable[str]], incomplete: str) -> list[CompletionItem]:
    found: list[str] = []
    # Exceptions of the application's code, which may also call sys.exit().
    with suppress(Exception, SystemExit), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        found = sorted({name for name in names() if name.startswith(incomplete)})
    return [CompletionItem(name) for name in found]
