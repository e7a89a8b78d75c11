"""The groups of commands: an application's own, and the `cocopot` command, which brings them together."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click
import pluggy
from werkzeug.serving import is_running_from_reloader

from cocopot.cli.env_files import read_env_files
from cocopot.cli.loading import AppLoader, NoAppError
from cocopot.cli.tables import printable
from cocopot.cli.tracebacks import print_error
from cocopot.locations import message_of
from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cocopot.app import Cocopot


class AppGroup(click.Group):
    """The commands of an application and of its plugins.

    Each runs in a context of the application, so that `current_app` and `g` may be used.

    Args:
        app: The application.
        options: As for `click.Group`.
    """

    def __init__(self, app: Cocopot, **options: Any) -> None:
        super().__init__(app.name, **options)
        self._app = app
        self._brought: dict[str, tuple[click.Command, str]] = {}

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        with self._app.app_context():
            return super().invoke(ctx)

    def attribute_to(self, plugin: str) -> None:
        """Note that a plugin brought the commands that have come since this was last called."""
        for name, command in self.commands.items():
            if self._brought.get(name, (None,))[0] is not command:
                self._brought[name] = command, plugin

    def plugin_of(self, name: str) -> str | None:
        """Return the plugin that brought a command, or `None` if the application did."""
        command, plugin = self._brought.get(name, (None, None))
        return plugin if command is self.commands.get(name) else None


def make_group(app: Cocopot) -> AppGroup:
    """Return the group of an application's own commands, with those of its plugins.

    A plugin whose `cocopot_register_commands` raises loses its own commands only; the error is logged by
    name. Wrappers run once, around all the plugins, also around none.
    """
    group = AppGroup(app, help=f"Commands of {app.name}.")
    _register_commands(app, group, app.plugins.call_order("cocopot_register_commands"))
    return group


def _register_commands(app: Cocopot, group: AppGroup, impls: Sequence[pluggy.HookImpl]) -> None:
    """Run implementations, wrappers first; one that raises is logged, and keeps no other from running."""
    for index, impl in enumerate(impls):
        if impl.wrapper or impl.hookwrapper:
            _run_around(app, group, impl, impls[index + 1 :])
            return
        _run(app, group, [impl])


def _run_around(
    app: Cocopot, group: AppGroup, wrapper: pluggy.HookImpl, impls: Sequence[pluggy.HookImpl]
) -> None:
    """Run a wrapper around implementations; if it does not get as far as its `yield`, they run without it."""
    waiting = [impls]

    def run_inner() -> None:
        group.attribute_to(wrapper.plugin_name)
        _register_commands(app, group, waiting.pop())

    options = pluggy.HookimplOpts(
        wrapper=False, hookwrapper=False, optionalhook=False, tryfirst=False, trylast=False, specname=None
    )
    _run(app, group, [wrapper, pluggy.HookImpl(None, "cocopot.cli", run_inner, options)])
    if waiting:
        run_inner()


def _run(app: Cocopot, group: AppGroup, impls: Sequence[pluggy.HookImpl]) -> None:
    """Run implementations of which only the first lets an exception out."""
    plugin = impls[0].plugin_name
    try:
        app.plugins.call_implementations("cocopot_register_commands", impls, app=app, cli=group)
    except Exception as error:
        notes = " ".join(getattr(error, "__notes__", ()))
        app.logger.exception("The commands of %r are missing. %s", plugin, notes)
    group.attribute_to(plugin)


class MainGroup(click.Group):
    """The `cocopot` command: its own commands, imported when they are used, and the application's.

    Args:
        args: As for `click.Group`.
        lazy: Its own commands: by name, the module that has the command as `command`, and a line of help.
        options: As for `click.Group`.
    """

    def __init__(self, *args: Any, lazy: Mapping[str, tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self._lazy = lazy

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run the command; an error of the application is shown with the application's traceback."""
        run: Any = super().main
        try:
            return run(*args, standalone_mode=standalone_mode, **extra)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            if not standalone_mode:
                raise
            print_error(error)
            raise SystemExit(1) from None

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context, whose object is the `AppLoader`."""
        extra.setdefault("obj", AppLoader())
        return super().make_context(info_name, args, parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; `--env-file` and `--app` come first, as even `--help` lists the application's commands."""
        options, _, _ = self.make_parser(ctx).parse_args(list(args))
        # Completion must say nothing else, and the process that the reloader starts need not say it again.
        quiet = ctx.resilient_parsing or is_running_from_reloader()
        read_env_files(options.get("env_file"), quiet=quiet)
        loader = ctx.ensure_object(AppLoader)
        loader.target = options.get("app", loader.target)
        return super().parse_args(ctx, args)

    # -- its commands ----------------------------------------------------

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, as far as there is an application that can be imported."""
        group, _ = self._application(ctx)
        return [*self._lazy, *(name for name in group.commands if name not in self._lazy)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, its own before the application's."""
        if cmd_name in self._lazy:
            module, _ = self._lazy[cmd_name]
            command: click.Command = importlib.import_module(module).command
            return command
        return self._application(ctx)[0].get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return a command that is about to run; the application's get a context of the application."""
        name = args[0]
        if name not in self._lazy and not ctx.resilient_parsing:
            group, error = self._application(ctx)
            if not isinstance(error, NoAppError | None):
                raise error
            if name not in group.commands:
                ctx.fail(_unknown(name, [*self._lazy, *group.commands], error))
            ctx.with_resource(ctx.ensure_object(AppLoader).load().app_context())
        return super().resolve_command(ctx, args)

    def _application(self, ctx: click.Context) -> tuple[click.Group, BaseException | None]:
        """Return the application's group, or an empty one and why."""
        try:
            group = ctx.ensure_object(AppLoader).load().cli
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever the application's code raises
            return click.Group(), error
        return group, None

    # -- help --------------------------------------------------------

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own, then a section for each plugin, then the application's."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._lazy.items()])
        group, error = self._application(ctx)
        sections: dict[str | None, list[str]] = {}
        for name in group.commands:
            plugin = group.plugin_of(name) if isinstance(group, AppGroup) else None
            sections.setdefault(plugin, []).append(name)
        own = sections.pop(None, [])
        for plugin, names in sections.items():
            self._write_section(formatter, f"Plugin {plugin}", group, names)
        self._write_section(formatter, f"Application {group.name}", group, own)
        if error is not None:
            formatter.write_paragraph()
            formatter.write_text(_why_missing(error))

    def _write_section(
        self, formatter: click.HelpFormatter, title: str, group: click.Group, names: Sequence[str]
    ) -> None:
        limit = formatter.width - 6 - max(map(len, names), default=0)
        rows = []
        for name in names:
            if name in self._lazy:
                click.echo(
                    f"Warning: the command {name!r} of {title} cannot be run: cocopot has one of that name.",
                    err=True,
                )
            elif not group.commands[name].hidden:
                rows.append((name, group.commands[name].get_short_help_str(limit)))
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)


def _unknown(name: str, known: Sequence[str], error: NoAppError | None) -> str:
    why = f"\nThe application's commands are missing. {error.message}" if error is not None else ""
    return f"No such command {name!r}. {did_you_mean(name, known)}".rstrip() + why


def _why_missing(error: BaseException) -> str:
    if isinstance(error, NoAppError):
        return f"The application's commands are missing. {error.message.partition('. ')[0]}; see --app."
    first = next(iter(printable(message_of(error)).splitlines()), "")
    return f"The application's commands are missing. It failed to load: {type(error).__name__}: {first}"
