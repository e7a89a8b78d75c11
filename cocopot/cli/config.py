"""`cocopot config`: show the configuration, and the origin of each value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cocopot.cli.completion import complete_from_app
from cocopot.cli.masking import mask_text, shown
from cocopot.cli.tables import print_json, print_table, shorten_path
from cocopot.cli.variables import unread_variables
from cocopot.environment import PREFIX
from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cocopot.cli.loading import AppLoader
    from cocopot.config import Config
    from cocopot.origins import Origin


@click.command("config")
@click.argument(
    "keys",
    nargs=-1,
    metavar="[KEY]...",
    shell_complete=complete_from_app(lambda app: map(str, app.config)),
)
@click.option("--show-secrets", is_flag=True, help="Show passwords, keys and tokens unmasked.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(loader: AppLoader, keys: Sequence[str], *, show_secrets: bool, as_json: bool) -> None:
    """Show the configuration, or some of its keys, and the origin of each value.

    The origin is a default of the core or of a plugin, a file, the environment, an object, or a line of code.
    Values that look like secrets are masked.
    """
    config = loader.load_quietly().config
    unread = unread_variables(config)
    _check_keys(keys, config, unread)
    values = {
        key: shown(config[key], str(key), masks=not show_secrets)
        for key in sorted(config, key=str)
        if not keys or str(key) in keys
    }
    names = {key: shown(str(key), masks=not show_secrets) for key in values}
    if as_json:
        print_json(
            {names[key]: {"value": values[key], "origin": _as_json(config.origin(key))} for key in values}
        )
    else:
        rows = [[names[key], repr(value), _describe(config.origin(key))] for key, value in values.items()]
        print_table(["Key", "Value", "Origin"], rows)
    notes = [str(fault) for fault in config.faults() if not keys or fault.key in keys]
    notes += [
        " ".join(texts)
        for variable, texts in unread.items()
        if not keys or variable.removeprefix(PREFIX) in keys
    ]
    for note in notes:
        click.echo(f"Warning: {note if show_secrets else mask_text(note)}", err=True)


def _check_keys(keys: Sequence[str], config: Config, unread: Mapping[str, Sequence[str]]) -> None:
    known = [str(key) for key in config]
    for key in keys:
        if key not in known:
            hint = " ".join(unread.get(f"{PREFIX}{key}", ())) or did_you_mean(key.upper(), known)
            raise click.ClickException(f"The configuration has no key {key!r}. {hint}".rstrip())


def _describe(origin: Origin | None) -> str:
    if origin is None:
        return "unknown"
    source = origin.source
    if origin.kind in ("file", "code"):
        path, line, number = source.rpartition(":") if origin.kind == "code" else (source, "", "")
        source = f"{shorten_path(path)}{line}{number}"
    kind = "default of plugin" if origin.kind == "plugin" else origin.kind
    text = "Cocopot's default" if kind == "default" else f"{kind} {source}"
    return text if origin.within is None else f"{text}, in {_describe(origin.within)}"


def _as_json(origin: Origin | None) -> dict[str, object] | None:
    if origin is None:
        return None
    return {"kind": origin.kind, "source": origin.source, "within": _as_json(origin.within)}
