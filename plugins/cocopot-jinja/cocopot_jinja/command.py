"""`cocopot templates`: list the templates, which file of each is used, and what it shadows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cocopot import current_app
from cocopot_jinja.environment import environment_of
from cocopot_jinja.listing import list_templates, slots_of
from cocopot_jinja.slots import contributions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cocopot_jinja.listing import Listed
    from cocopot_jinja.slots import Contribution


@click.command("templates")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--shadowed", is_flag=True, help="Show only templates that shadow others.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(names: tuple[str, ...], *, shadowed: bool, as_json: bool) -> None:
    """List the templates: which file of each is used, whose it is, and what it shadows; then the slots."""
    app: Any = current_app
    environment = environment_of(app)
    everything = list(list_templates(environment))
    missing = set(names) - {template.name for template in everything}
    if missing:
        raise click.ClickException(f"There is no template {', '.join(map(repr, sorted(missing)))}.")
    chosen = [
        template
        for template in everything
        if (not names or template.name in names) and (not shadowed or len(template.places) > 1)
    ]
    slots, filled = slots_of(environment, everything)[0].templates, list(contributions(app))
    if as_json:
        click.echo(json.dumps(_as_json(chosen, slots, filled), indent=2))
        return
    if not chosen:
        click.echo("No template shadows another one." if shadowed else "There are no templates.")
        return
    rows = [[t.name, t.place.owner, _short(t.file), ", ".join(_shadowed(t))] for t in chosen]
    _print_table(["Template", "Of", "File", "Shadows"], rows)
    shown = {template.name for template in chosen}
    own = {slot: having for slot, having in slots.items() if shown & set(having)}
    if own:
        click.echo()
        rows = [[slot, ", ".join(having), ", ".join(_plugins(slot, filled))] for slot, having in own.items()]
        _print_table(["Slot", "Templates", "Contributions"], rows)


def _shadowed(template: Listed) -> list[str]:
    return [place.owner for place, _ in template.places[1:]]


def _plugins(slot: str, filled: Iterable[Contribution]) -> list[str]:
    return [found.plugin for found in filled if found.names is None or slot in found.names]


def _as_json(
    templates: Iterable[Listed], slots: dict[str, list[str]], filled: Sequence[Contribution]
) -> dict[str, object]:
    return {
        "templates": [
            {
                "template": template.name,
                **_place(template, 0),
                "slots": [slot for slot, having in slots.items() if template.name in having],
                "shadows": [_place(template, index) for index in range(1, len(template.places))],
            }
            for template in templates
        ],
        "slots": [
            {"slot": slot, "templates": having, "contributions": _plugins(slot, filled)}
            for slot, having in slots.items()
        ],
    }


def _place(template: Listed, index: int) -> dict[str, object]:
    place, file = template.places[index]
    folder = place.folder
    return {
        "file": file if Path(file).is_absolute() else None,
        "loader": type(place.loader).__name__,
        "plugin": folder.plugin,
        "distribution": folder.distribution,
        "version": folder.version,
        "blueprint": folder.blueprint,
    }


def _short(file: str) -> str:
    """Return a path relative to the working directory, if it is inside."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else file


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    cells = [list(headings), *([_printable(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in (cells[0], ["-" * width for width in widths], *cells[1:]):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def _printable(text: str) -> str:
    """Return a text with escapes for what a terminal would interpret."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
