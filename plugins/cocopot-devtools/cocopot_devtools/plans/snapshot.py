"""The process in which an application is created, and described as plain data, without being started."""

from __future__ import annotations

import faulthandler
import io
import json
import os
import site
import sys
import traceback
import warnings
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cocopot_devtools.plans.hiding import hide

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import click

    from cocopot import Cocopot


def main(task: str) -> None:
    """Write the snapshot of an application into a file, and end the process, whatever is left running.

    If it is not written after a time, or the process crashes, the stacks are in the file `stack`.

    Args:
        task: JSON of an object with `arguments` for the `cocopot` command, `start`, `folder` for the files,
            `stack_after` in seconds, `site` (what precedes `sys.path`; may be empty), and `hidden` and
            `modules` as for `hide`.
    """
    options: dict[str, Any] = json.loads(task)
    status = 0
    with Path(options["folder"], "stack").open("w", encoding="utf-8") as stack:
        faulthandler.enable(stack)
        faulthandler.dump_traceback_later(options["stack_after"], file=stack)
        try:
            _write(options, Path(options["folder"]))
        except BaseException:  # noqa: BLE001 - a thread of the application would keep the process alive
            traceback.print_exc()
            sys.stderr.flush()
            status = 1
    os._exit(status)


def _write(options: Mapping[str, Any], folder: Path) -> None:
    staged = options["site"]
    if staged:
        sys.path.insert(0, staged)
        site.addsitedir(staged)  # which reads its `.pth` files
    if options["hidden"]:
        hide(options["hidden"], options["modules"], staged)
    found = take_snapshot(options["arguments"], start=options["start"])
    text = json.dumps(found, default=repr)
    folder.joinpath("unfinished").write_text(text, encoding="utf-8")
    folder.joinpath("unfinished").replace(folder / "snapshot")


def take_snapshot(arguments: Sequence[str], *, start: bool) -> dict[str, Any]:
    """Return an application as plain data.

    Args:
        arguments: Options of the `cocopot` command, such as `--app`.
        start: Whether to start it, and to close it afterwards.

    Returns:
        With `missing`, a message, if there is no application.
    """
    import click  # not before `sys.path` is complete: all of these may be among what changes
    import importlib_metadata

    points = importlib_metadata.entry_points(group="console_scripts", name="cocopot")
    if not points:
        raise RuntimeError("Cocopot itself is not installed.")
    group = next(iter(points)).load()
    context = group.make_context("cocopot", [*arguments, "plugins"])
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        document: dict[str, Any] = _run(group, context, "plugins")
        try:
            with redirect_stdout(sys.stderr):
                app = context.obj.load()
        except KeyboardInterrupt:
            raise
        except click.ClickException as error:
            return {**document, "missing": error.format_message()}
        except BaseException:  # noqa: BLE001 - it is in the document
            return document
        document |= {"routes": _run(group, context, "routes"), "config": _run(group, context, "config")}
        document |= _describe(app)
        document |= _inventory(app)
        document["check"] = _run(group, context, "check") if start else None
    document["deprecations"] = sorted(
        {str(found.message) for found in warned if issubclass(found.category, DeprecationWarning)}
    )
    return document


def _run(group: click.Group, context: click.Context, name: str) -> Any:
    """Return the document of a command; the application is loaded once for all of them."""
    command = group.get_command(context, name)
    if command is None:
        raise RuntimeError(f"This version of Cocopot has no command {name!r}.")
    with redirect_stdout(io.StringIO()) as output:
        command.main(["--json"], f"cocopot {name}", standalone_mode=False, obj=context.obj)
    return _document_in(output.getvalue())


def _document_in(text: str) -> Any:
    """Return the largest JSON document in a text: a thread of the application may print, too."""
    decoder, start, end, found = json.JSONDecoder(), 0, 0, None
    for line in text.splitlines(keepends=True):
        if start >= end and line.strip() in {"{", "[", "{}", "[]"}:
            with suppress(ValueError, RecursionError):
                document, stop = decoder.raw_decode(text, start)
                if found is None or stop - start > found[0]:
                    found = stop - start, document
                end = stop
        start += len(line)
    return json.loads(text) if found is None else found[1]


def _describe(app: Cocopot) -> dict[str, Any]:
    """Return what no command lists."""
    with redirect_stdout(sys.stderr):
        group: Any = app.cli
    owner = getattr(group, "plugin_of", lambda _: None)
    return {
        "commands": {name: owner(name) for name in group.commands},
        "properties": _owners(app.properties),
        "request_properties": _owners(app.request_properties),
        "route_options": [
            {"name": option.name, "default": option.default, "plugin": option.plugin}
            for option in app.route_options.values()
        ],
        "conflicts": [
            {
                "kind": conflict.kind,
                "key": conflict.key,
                "winner": _describe_claim(conflict.winner),
                "losers": [_describe_claim(loser) for loser in conflict.losers],
                "is_error": conflict.is_error,
                "message": str(conflict),
            }
            for conflict in app.plugins.conflicts
        ],
    }


def _describe_claim(claim: Any) -> dict[str, Any]:
    """Return one side of a conflict."""
    place = None if claim.place is None else {"file": claim.place.file, "line": claim.place.line}
    return {
        "plugin": claim.plugin,
        "distribution": claim.distribution,
        "version": claim.version,
        "place": place,
    }


def _inventory(app: Cocopot) -> dict[str, Any]:
    """Return what plugins list, by headings, and the error of one that raises."""
    found: dict[str, list[str]] = {}
    hook = getattr(app.plugins.hook, "cocopot_inventory", None)  # an older Cocopot has none
    try:
        with redirect_stdout(sys.stderr), app.app_context():
            for listed in [] if hook is None else hook(app=app):
                for heading, entries in listed.items():
                    known = found.setdefault(str(heading), [])
                    known += [text for text in map(str, entries) if text not in known]
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises
        notes = getattr(error, "__notes__", ())
        text = " ".join([f"{type(error).__name__}: {error}", *map(str, notes)])
        return {"inventory": found, "inventory_error": text}
    return {"inventory": found, "inventory_error": ""}


def _owners(properties: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: found.plugin for name, found in properties.items()}
