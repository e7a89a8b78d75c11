"""`cocopot plugins lock`: write which plugins an application may load, or compare them with the lock."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from cocopot.cli.loading import load_with_errors
from cocopot.cli.masking import mask_text
from cocopot.exceptions import PluginError
from cocopot.hooks.candidates import LOCK_VARIABLE, installed
from cocopot.hooks.locks import Lock, LockedPlugin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cocopot.cli.loading import AppLoader
    from cocopot.hooks.candidates import Candidate

#: Where the lock is written if neither an argument nor the variable names a path.
DEFAULT_PATH = "cocopot-plugins.lock"


@click.command("lock")
@click.argument("path", required=False, type=click.Path(dir_okay=False))
@click.option(
    "--verify", is_flag=True, help="Compare the lock with what is installed; status 1 if it differs."
)
@click.pass_obj
def lock(loader: AppLoader, /, *, path: str | None, verify: bool) -> None:
    """Write name, distribution, version and file hashes of every loaded plugin to PATH.

    PATH is by default the value of COCOPOT_PLUGIN_LOCK, or cocopot-plugins.lock. Where that variable is set,
    a plugin that is not in the lock, or differs from it, is refused before it is imported. Plugins that the
    application passes as objects are part of the application, and not locked.
    """
    path = path or os.environ.get(LOCK_VARIABLE, "").strip() or DEFAULT_PATH
    try:
        if verify:
            _verify(path)
        else:
            _write(loader, path)
    except PluginError as error:
        raise click.ClickException(mask_text(str(error))) from error


def _write(loader: AppLoader, path: str) -> None:
    os.environ.pop(LOCK_VARIABLE, None)  # what has changed is loaded, to be locked again
    app, error, failed = load_with_errors(loader)
    if app is None:
        raise click.ClickException(f"Nothing is written, because the application cannot be loaded: {error}")
    if failed:
        name, error = next(iter(failed.items()))
        raise click.ClickException(
            mask_text(f"Nothing is written, because the plugin {name!r} failed.\n{error}")
        )
    candidates = [record.candidate for record in app.plugins.records("plugin")]
    plugins = {
        candidate.name: LockedPlugin.of(candidate)
        for candidate in candidates
        if candidate.entry_point is not None
    }
    try:
        Lock(path, plugins).write()
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error
    names = ", ".join(f"{name} {plugins[name].version}" for name in sorted(plugins)) or "no plugin"
    click.echo(f"{path}: {names}.")


def _verify(path: str) -> None:
    lock = Lock.read(path)
    found = {candidate.name: candidate for candidate in installed()}
    differences = list(_differences(lock, found))
    for difference in differences:
        click.echo(difference)
    for name in sorted(found.keys() - lock.plugins.keys()):
        candidate = found[name]
        click.echo(
            f"{name}: {candidate.distribution} {candidate.version} is installed and not in the lock; "
            "it is refused if the application selects it.",
            err=True,
        )
    if differences:
        raise click.exceptions.Exit(1)
    click.echo(f"{path}: everything is as it was locked: {', '.join(sorted(lock.plugins)) or 'no plugin'}.")


def _differences(lock: Lock, found: Mapping[str, Candidate]) -> Iterator[str]:
    """Yield a line for each difference between a locked plugin and what is installed."""
    for name, locked in sorted(lock.plugins.items()):
        if name not in found:
            yield f"{name}: {locked.distribution} {locked.version} is not installed."
            continue
        for difference in locked.differences(LockedPlugin.of(found[name])):
            yield f"{name}: {difference}."
