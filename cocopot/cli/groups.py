"""The groups of commands: those of an application, and the `cocopot` command, which contains all."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click
import pluggy
from werkzeug.serving import is_running_from_reloader

from cocopot.cli.app_groups import AppGroup
from cocopot.cli.completion import complete_plugins
from cocopot.cli.env_files import read_env_files
from cocopot.cli.external import ExternalCommandError, find_commands
from cocopot.cli.loading import AppLoader, NoAppError
from cocopot.cli.tables import printable
from cocopot.cli.tracebacks import print_error
from cocopot.exceptions import blame_of
from cocopot.hooks.conflicts import conflict_error
from cocopot.locations import message_of
from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cocopot.app import Cocopot
    from cocopot.cli.external import ExternalCommand, ExternalCommands

#: Where a context has the commands of installed distributions.
_EXTERNAL = "cocopot.cli.external"


class ApplicationGroup(AppGroup):
    """The commands of an application and of its plugins.

    Each runs in a context of the application, so that `current_app` and `g` may be used.

    Args:
        app: The application.
        options: As for `click.Group`.
    """

    pushes_context = False

    def __init__(self, app: Cocopot, **options: Any) -> None:
        super().__init__(app.name, **options)
        self._app = app
        self._owners: dict[str, tuple[click.Command, str]] = {}
        #: The plugin that registers its commands now.
        self.registering: str | None = None

    def invoke(self, ctx: click.Context) -> object:
        """Run a command."""
        with self._app.app_context():
            return super().invoke(ctx)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Register a command; the application's replaces that of a plugin.

        Args:
            cmd: The command.
            name: Its name; by default the command's own.

        Raises:
            PluginError: If a plugin registers a command that another plugin has registered.
        """
        plugins = self._app.plugins
        plugin = self.registering or plugins.current_setup.get()
        record = plugins.records_by_name.get(plugin or "")
        conflict = plugins.claims.add_command(name or cmd.name or "", cmd, record)
        if record is not None and conflict is not None:
            raise conflict_error(record.candidate, [conflict])
        super().add_command(cmd, name)

    def add_blueprint(self, name: str) -> None:
        """Register the commands of a blueprint, in a group of their own or, for `None`, beside the others.

        Args:
            name: Full name of the blueprint.
        """
        blueprint, group = self._app.blueprints[name], self._app.blueprint_cli_groups[name]
        if "cli" not in vars(blueprint) or not blueprint.cli.commands:
            return
        if group is not None:
            self.add_command(blueprint.cli, group)
            return
        for command in blueprint.cli.commands.values():
            self.add_command(command)

    def attribute_to(self, plugin: str) -> None:
        """Attribute the commands that were added since the last call to a plugin."""
        for name, command in self.commands.items():
            if self._owners.get(name, (None,))[0] is not command:
                self._owners[name] = command, plugin

    def plugin_of(self, name: str) -> str | None:
        """Return the plugin that registered a command, or `None` if the application did."""
        command, plugin = self._owners.get(name, (None, None))
        return plugin if command is self.commands.get(name) else None


def make_group(app: Cocopot) -> ApplicationGroup:
    """Return the group of an application's own commands, with those of its plugins.

    A plugin whose `cocopot_register_commands` raises loses its own commands only; the error is logged by
    name. Wrappers run once, around all the plugins, also around none.
    """
    group = ApplicationGroup(app, help=f"Commands of {app.name}.")
    _register_commands(app, group, app.plugins.call_order("cocopot_register_commands"))
    for name in app.blueprints:
        group.add_blueprint(name)
    return group


def _register_commands(app: Cocopot, group: ApplicationGroup, impls: Sequence[pluggy.HookImpl]) -> None:
    """Run implementations, wrappers first; one that raises is logged, and the others still run."""
    for index, impl in enumerate(impls):
        if impl.wrapper or impl.hookwrapper:
            _run_around(app, group, impl, impls[index + 1 :])
            return
        _run(app, group, [impl])


def _run_around(
    app: Cocopot, group: ApplicationGroup, wrapper: pluggy.HookImpl, impls: Sequence[pluggy.HookImpl]
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


def _run(app: Cocopot, group: ApplicationGroup, impls: Sequence[pluggy.HookImpl]) -> None:
    """Run implementations of which only the first lets an exception out."""
    outer, plugin = group.registering, impls[0].plugin_name
    group.registering = plugin
    try:
        app.plugins.call_implementations("cocopot_register_commands", impls, app=app, cli=group)
    except Exception as error:
        blame = " ".join(map(str, blame_of(error)))
        app.logger.exception("The commands of %r are missing. %s", plugin, blame)
    group.registering = outer
    group.attribute_to(plugin)


class MainGroup(click.Group):
    """The `cocopot` command: its own commands, those of installed distributions, and the application's.

    The first two need no application, and are imported when they are used.

    Args:
        args: As for `click.Group`.
        lazy: Its own commands: by name, the module that has the command as `command`, and a line of help.
        optional: Commands of distributions that need not be installed: by name, what to install, and a line
            of help.
        options: As for `click.Group`.
    """

    def __init__(
        self,
        *args: Any,
        lazy: Mapping[str, tuple[str, str]],
        optional: Mapping[str, tuple[str, str]],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._lazy = lazy
        self._optional = optional

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
        # Completion must print nothing else, and the process that the reloader starts need not repeat it.
        quiet = ctx.resilient_parsing or is_running_from_reloader()
        read_env_files(options.get("env_file"), quiet=quiet)
        loader = ctx.ensure_object(AppLoader)
        loader.target = options.get("app", loader.target)
        loader.disable = (*loader.disable, *options.get("disable", ()))
        return super().parse_args(ctx, args)

    # -- its commands ----------------------------------------------------

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, including the application's if it can be imported."""
        group, _ = self._application(ctx)
        return list(dict.fromkeys((*self._independent(ctx), *group.commands)))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command: its own, or that of a distribution, or of the application, in this order."""
        if (own := super().get_command(ctx, cmd_name)) is not None:
            return own
        if cmd_name in self._lazy:
            module, _ = self._lazy[cmd_name]
            command: click.Command = importlib.import_module(module).command
            return _with_disable_option(command)
        if (external := self._external(ctx).commands.get(cmd_name)) is not None:
            return _load_external(ctx, external)
        if cmd_name in self._optional:
            return _make_placeholder(cmd_name, *self._optional[cmd_name])
        return self._application(ctx)[0].get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return a command that is about to run; the application's get a context of the application."""
        name = args[0]
        if name not in self._lazy and not ctx.resilient_parsing and name not in self._independent(ctx):
            group, error = self._application(ctx)
            if not isinstance(error, NoAppError | None):
                raise error
            if name not in group.commands:
                hint = _describe_unknown(name, [*self._independent(ctx), *group.commands], error)
                ctx.fail("\n".join([hint, *(error.message for error in self._external(ctx).errors)]))
            ctx.with_resource(ctx.ensure_object(AppLoader).load().app_context())
        return super().resolve_command(ctx, args)

    def _independent(self, ctx: click.Context) -> dict[str, None]:
        """Return the names of the commands that need no application, as they are listed."""
        return dict.fromkeys((*self.commands, *self._lazy, *self._optional, *self._external(ctx).commands))

    def _external(self, ctx: click.Context) -> ExternalCommands:
        """Return the commands of installed distributions, read once for each run of the command."""
        found: ExternalCommands | None = ctx.find_root().meta.get(_EXTERNAL)
        if found is None:
            found = ctx.find_root().meta[_EXTERNAL] = find_commands(self._lazy)
        return found

    def _application(self, ctx: click.Context) -> tuple[click.Group, BaseException | None]:
        """Return the application's group, or an empty one and the reason."""
        try:
            group = ctx.ensure_object(AppLoader).load().cli
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever the application's code raises
            return click.Group(), error
        return group, None

    # -- help --------------------------------------------------------

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write its own commands, then a section for each distribution and plugin, then the application's."""
        external = self._external(ctx)
        rows = {name: text for name, (_, text) in self._lazy.items()}
        rows.update((name, command.get_short_help_str()) for name, command in self.commands.items())
        for name, (requirement, text) in self._optional.items():
            if name not in external.commands:
                rows[name] = f"{text} (Needs {requirement}.)"
        with formatter.section("Commands"):
            formatter.write_dl(sorted(rows.items()))
        self._format_external(formatter, external)
        group, error = self._application(ctx)
        sections: dict[str | None, list[str]] = {}
        for name in group.commands:
            plugin = group.plugin_of(name) if isinstance(group, ApplicationGroup) else None
            sections.setdefault(plugin, []).append(name)
        own = sections.pop(None, [])
        for plugin, names in sections.items():
            self._format_application(ctx, formatter, f"Plugin {plugin}", group, names)
        self._format_application(ctx, formatter, f"Application {group.name}", group, own)
        if error is not None:
            formatter.write_paragraph()
            formatter.write_text(_describe_missing(error))

    def _format_external(self, formatter: click.HelpFormatter, external: ExternalCommands) -> None:
        """Write a section for each distribution; what is broken is a warning."""
        sections: dict[str, dict[str, click.Command]] = {}
        errors = list(external.errors)
        for name, found in external.commands.items():
            try:
                sections.setdefault(found.distribution, {})[name] = found.load()
            except ExternalCommandError as error:
                errors.append(error)
        for distribution in sorted(sections):
            _write_section(formatter, f"Distribution {distribution}", sections[distribution])
        for broken in errors:
            click.echo(f"Warning: {broken.message}", err=True)

    def _format_application(
        self,
        ctx: click.Context,
        formatter: click.HelpFormatter,
        title: str,
        group: click.Group,
        names: Sequence[str],
    ) -> None:
        commands = {name: group.commands[name] for name in names}
        for name in commands.keys() & self._independent(ctx).keys():
            del commands[name]
            external = self._external(ctx).commands.get(name)
            owner = "cocopot" if external is None else f"the distribution {external.distribution}"
            text = f"Warning: the command {name!r} of {title} cannot be run: {owner} has one of that name."
            click.echo(text, err=True)
        _write_section(formatter, title, commands)


def _with_disable_option(command: click.Command) -> click.Command:
    """Return a command that accepts `--disable` after its name, unless it has such an option itself."""
    if not any("--disable" in param.opts or param.name == "disable" for param in command.params):
        command.params.append(make_disable_option())
    return command


def make_disable_option() -> click.Option:
    """Return the option that disables plugins, which is accepted before and after a command's name."""

    def disable(ctx: click.Context, _param: click.Parameter, names: tuple[str, ...]) -> None:
        loader = ctx.ensure_object(AppLoader)
        separate = [name.strip() for item in names for name in item.split(",")]
        loader.disable = tuple(dict.fromkeys((*loader.disable, *separate)))

    return click.Option(
        ["--disable"],
        multiple=True,
        metavar="NAMES",
        expose_value=False,
        callback=disable,
        shell_complete=complete_plugins,
        help="Do not load these plugins, as with COCOPOT_DISABLE_PLUGINS: names, separated by commas.",
    )


def _write_section(formatter: click.HelpFormatter, title: str, commands: Mapping[str, click.Command]) -> None:
    limit = formatter.width - 6 - max(map(len, commands), default=0)
    rows = [
        (name, command.get_short_help_str(limit)) for name, command in commands.items() if not command.hidden
    ]
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)


def _load_external(ctx: click.Context, external: ExternalCommand) -> click.Command | None:
    """Return the command of a distribution; completion gets `None` for one that is broken."""
    try:
        return _with_disable_option(external.load())
    except ExternalCommandError:
        if ctx.resilient_parsing:
            return None
        raise


def _make_placeholder(name: str, requirement: str, text: str) -> click.Command:
    """Return a command that reports what to install in order to have it."""

    def fail() -> None:
        raise click.UsageError(
            f"The command {name!r} is not installed. Install it in a checkout of Cocopot with: "
            f'pip install ./plugins/cocopot-devtools, or once 1.0 is published: pip install "{requirement}"'
        )

    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=fail, help=text, add_help_option=False, context_settings=settings)


def _describe_unknown(name: str, known: Sequence[str], error: NoAppError | None) -> str:
    why = f"\nThe application's commands are missing. {error.message}" if error is not None else ""
    return f"No such command {name!r}. {did_you_mean(name, known)}".rstrip() + why


def _describe_missing(error: BaseException) -> str:
    if isinstance(error, NoAppError):
        return f"The application's commands are missing. {error.message.partition('. ')[0]}; see --app."
    first = next(iter(printable(message_of(error)).splitlines()), "")
    return f"The application's commands are missing. It failed to load: {type(error).__name__}: {first}"
