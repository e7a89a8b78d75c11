"""The command `cocopot session`: the stored sessions of a user, and those that have expired."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from cocopot import current_app
from cocopot.cli import AppGroup
from cocopot_session.stores.base import StoreUnavailable
from cocopot_session.users import current_store, list_sessions, revoke_sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

command = AppGroup("session", help="Show and delete stored sessions.")


@command.command("list")
@click.argument("user")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(user: str, *, as_json: bool) -> None:
    """List the sessions of a user, without what is in them."""
    with _explained():
        infos = list_sessions(user)
    if as_json:
        rows = [
            {
                "key": i.key,
                "created": i.created.isoformat(),
                "expires": i.expires.isoformat(),
                "keys": [*i.values],
            }
            for i in infos
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for info in infos:
        click.echo(
            f"{info.key[:16]}  created {info.created:%Y-%m-%d %H:%M}  expires {info.expires:%Y-%m-%d %H:%M}"
        )
    click.echo(f"{len(infos)} sessions of {user!r}.")


@command.command("revoke")
@click.argument("user")
def revoke(user: str) -> None:
    """Delete the sessions of a user, who has to sign in again."""
    with _explained():
        number = revoke_sessions(user)
    click.echo(f"{number} sessions of {user!r} deleted.")


@command.command("clean")
def clean() -> None:
    """Delete the sessions that have expired, from time to time: a cron job does."""
    with _explained():
        number = current_store()[1].clean()
    click.echo(f"{number} expired sessions deleted.")


@contextmanager
def _explained() -> Iterator[None]:
    """Start the application, and show its errors without a traceback."""
    app: Any = current_app
    app.start()
    try:
        yield
    except (RuntimeError, StoreUnavailable) as error:
        raise click.ClickException(str(error)) from error
