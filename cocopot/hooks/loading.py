"""Load the plugins that an application selects, check them, and call their set-up."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any, Literal

from cocopot.exceptions import PluginError
from cocopot.hooks.advice import plugin_warnings
from cocopot.hooks.candidates import (
    ERRORS_VARIABLE,
    LOCK_VARIABLE,
    explicit_candidates,
    installed,
    without_twins,
)
from cocopot.hooks.conflicts import Claim, combine_errors, conflict_error
from cocopot.hooks.contract import check_hooks
from cocopot.hooks.culprits import skipped_plugin, wrap_error
from cocopot.hooks.failures import SkipOnError, collected_errors
from cocopot.hooks.needs import check_before_import, check_needs, in_order, needs_among
from cocopot.hooks.wrappers import is_wrapper
from cocopot.origins import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pluggy

    from cocopot.app import Cocopot
    from cocopot.config import Config
    from cocopot.exceptions import PluginErrorReason
    from cocopot.hooks.candidates import Candidate
    from cocopot.hooks.conflicts import Conflict
    from cocopot.hooks.manager import PluginManager
    from cocopot.hooks.needs import Needs
    from cocopot.hooks.records import PluginRecord
    from cocopot.hooks.selection import Selection

OnError = Literal["raise", "warn"]

logger = logging.getLogger("cocopot.plugins")


class Loader:
    """Loads plugins into a plugin manager.

    Args:
        manager: The plugin manager.
        on_error: `"raise"`, or `"warn"` to log an error and skip that plugin entirely. The environment
            variable `COCOPOT_PLUGIN_ERRORS` replaces it.

    Raises:
        ValueError: If it is neither.
    """

    def __init__(self, manager: PluginManager, on_error: OnError = "raise") -> None:
        # A command that collects the errors, such as `cocopot plugins`, overrides what is set.
        self._collected = collected_errors()
        value: Any = "warn" if self._collected is not None else os.environ.get(ERRORS_VARIABLE, "").strip()
        value = value or on_error
        if value not in ("raise", "warn"):
            name = "plugin_errors" if value is on_error else ERRORS_VARIABLE
            raise ValueError(f"{name} is 'raise' or 'warn', not {value!r}.")
        self._manager = manager
        self._on_error: OnError = value
        self._app: Cocopot | None = None
        self._startup_has_run = False
        #: Called with the record of a plugin that is registered after the start, once it has been started.
        self.on_late_start: Callable[[PluginRecord], None] | None = None
        # The value of each configuration key after its plugin had declared it.
        self._defaults: dict[str, object] = {}

    def load(self, selection: Selection, explicit: Iterable[object] = ()) -> None:
        """Find, check, order and register the plugins that an application selects.

        Args:
            selection: Which installed plugins to load, and which names not to.
            explicit: Objects, modules or classes to register beside them.

        Raises:
            PluginError: The first error, with `on_error="raise"`.
        """
        passed = explicit_candidates(explicit)
        self._manager.selection, self._manager.explicit_plugins = selection, passed
        for name in selection.disabled:
            self._manager.set_blocked(name)
        found = installed() if selection.allowed is None or selection.allowed else ()
        candidates = {c.name: c for c in selection.choose(found, passed, self._fail)}
        selection.warn_about_unknown({c.name for c in (*found, *passed)}, searched=bool(found))
        candidates = without_twins(self._fitting(candidates), self._skip_on_error)
        plugins: dict[str, object] = {}
        for name, candidate in candidates.items():
            with self._skip_on_error(candidate, "import"):
                plugins[name] = candidate.load()
        needs = self._needs(candidates, plugins, selection)
        for name in in_order(needs, self._fail):
            if self._requirements_met(candidates[name], plugins[name]):
                with self._skip_on_error(candidates[name], "register"):
                    self._manager.register(plugins[name], name, candidate=candidates[name])
        self.check()
        known = self._manager.specified_hooks()
        for record in self._manager.records("plugin"):
            self._warn_about(record, known)

    def _fitting(self, candidates: Mapping[str, Candidate]) -> list[Candidate]:
        """Return the plugins that fit lock, version of Cocopot, and each other; nothing is imported."""
        fitting: list[Candidate] = []
        lock = None
        if os.environ.get(LOCK_VARIABLE):
            from cocopot.hooks.locks import Lock  # which few applications have

            lock = Lock.from_environment()
        for candidate in candidates.values():
            with self._skip_on_error(candidate, "import"):
                if lock is not None:
                    lock.check(candidate)
                check_before_import(candidate, candidates)
                fitting.append(candidate)
        return fitting

    def _warn_about(self, record: PluginRecord, known: frozenset[str]) -> None:
        """Log what is probably not meant; a command that collects the errors shows it itself."""
        if self._collected is None:
            for warning in plugin_warnings(self._manager, record.candidate, record.plugin, known):
                logger.warning("%s %s", record.candidate.subject, warning)

    def check(self) -> None:
        """Reject hooks without a specification or a mark, once all plugins are registered."""
        known = self._manager.specified_hooks()
        for record in self._manager.records("plugin"):
            with self._skip_on_error(record.candidate, "register"):
                check_hooks(self._manager, record, known)
        self._skip_dependents()

    def _skip_on_error(self, candidate: Candidate, reason: PluginErrorReason) -> SkipOnError:
        """Turn what goes wrong inside into a `PluginError`; raise it, or log it and skip the plugin."""
        return SkipOnError(self._fail_with, candidate, reason)

    def _fail_with(self, exc: BaseException, candidate: Candidate, reason: PluginErrorReason) -> None:
        """Raise what went wrong with a plugin as a `PluginError`, or log it and skip the plugin."""
        skipped = skipped_plugin(candidate, exc, self._manager.records_by_name)
        if isinstance(exc, PluginError):
            skipped.complete(exc)
            self._fail(exc, skipped.name)
        else:
            self._fail(wrap_error(skipped, exc, reason), skipped.name)

    def _fail(self, error: PluginError, name: str | None = None) -> None:
        """Raise an error, or log it and skip the plugin of that name, by default the error's own."""
        if self._on_error == "raise":
            raise error
        name = name or str(error.plugin)
        if self._collected is None:
            logger.warning("%s\nIt is skipped.", error, exc_info=error)
        else:
            self._collected.setdefault(name, error)
        self._manager.failed[name] = error
        if name in self._manager.records_by_name:
            self._manager.unregister(name=name)
        if self._app is not None:
            self._forget_defaults(self._app.config, name)

    def _forget_defaults(self, config: Config, name: str) -> None:
        for key in [key for key, owner in config.declared.items() if owner == name]:
            del config.declared[key]
            if config.get(key) is self._defaults.pop(key, None):
                config.pop(key, None)

    def _needs(
        self, candidates: Mapping[str, Candidate], plugins: Mapping[str, object], selection: Selection
    ) -> Needs:
        """Return for each plugin those that must be loaded earlier; skip those whose needs cannot be met."""
        others = {name: candidates[name] for name in plugins}
        fitting: dict[str, tuple[Candidate, object]] = {}
        for name in sorted(plugins):
            with self._skip_on_error(others[name], "declaration"):
                check_needs(others[name], plugins[name], others, self._manager)
                fitting[name] = others[name], plugins[name]
        return needs_among(fitting, selection)

    def _requirements_met(self, candidate: Candidate, plugin: object) -> bool:
        """Whether none of the plugins that `plugin` requires has been skipped."""
        for requirement in candidate.declared(plugin, "requires"):
            if requirement.name in self._manager.failed:
                problem = f"requires {str(requirement)!r}, which failed to load."
                self._fail(candidate.error(problem, reason="requirement"), candidate.name)
                return False
        return True

    def _skip_dependents(self) -> None:
        for record in self._manager.records("plugin"):
            self._requirements_met(record.candidate, record.plugin)

    # -- set-up and startup --------------------------------------------

    def set_up(self, app: Cocopot) -> None:
        """Collect configuration defaults, then call the `cocopot_setup` of every plugin.

        A plugin that is registered later is set up when it is registered.

        Args:
            app: The application.

        Raises:
            PluginError: If a plugin raises, or two plugins have a default for one configuration key.
        """
        manager, self._app = self._manager, app
        order = manager.call_order("cocopot_config_defaults")
        for impls in _groups(order, order):
            self._collect_defaults(app, impls)
        manager.on_register = self._set_up_late
        manager.claims.app = app
        errors: list[PluginError] = []
        for impl in manager.call_order("cocopot_setup"):
            record = manager.records_by_name.get(impl.plugin_name)
            if record is None or (errors and record.origin == "builtin"):
                continue
            try:
                self._set_up_plugin(app, impl)
            except PluginError as error:
                errors.append(error)
                if error.reason != "conflict":  # conflicts are reported all at once
                    break
        if errors:
            raise combine_errors(errors)
        self._skip_dependents()

    def _collect_defaults(self, app: Cocopot, impls: Sequence[pluggy.HookImpl]) -> None:
        """Set the configuration defaults of a plugin; again without a wrapper that has been skipped."""
        records = self._manager.records_by_name
        attempted_with: int | None = None
        while attempted_with != len(self._manager.failed):
            attempted_with = len(self._manager.failed)
            remaining = [impl for impl in impls if impl.plugin_name in records]
            if remaining and is_wrapper(remaining[-1]) is is_wrapper(impls[-1]):
                record = records[remaining[-1].plugin_name]
                with self._skip_on_error(record.candidate, "config"):
                    self._set_config_defaults(app, record, remaining)

    def _set_up_plugin(self, app: Cocopot, impl: pluggy.HookImpl) -> None:
        candidate = self._manager.records_by_name[impl.plugin_name].candidate
        if not self._requirements_met(candidate, impl.plugin):
            return
        roll_back = app.checkpoint() if self._on_error == "warn" else None
        with self._skip_on_error(candidate, "setup"):
            try:
                self._call_setup(app, impl)
            except BaseException:
                if roll_back is not None:
                    roll_back()
                raise

    def _set_up_late(self, record: PluginRecord) -> None:
        """Set up a plugin that is registered late, and start it if the others have been started."""
        app = self._app
        if app is None:
            return
        known = self._manager.specified_hooks()
        if self._startup_has_run:  # otherwise the start does it, when all specifications are known
            check_hooks(self._manager, record, known)
        self._warn_about(record, known)
        roll_back = app.checkpoint()
        try:
            order = self._manager.call_order("cocopot_config_defaults")
            for impls in _groups(order, self._implementations(record, "cocopot_config_defaults")):
                self._set_config_defaults(app, record, impls)
            for impl in self._implementations(record, "cocopot_setup"):
                self._call_setup(app, impl)
            if self._startup_has_run:
                self._start_late(app, record)
        except BaseException:
            roll_back()
            raise

    def _start_late(self, app: Cocopot, record: PluginRecord) -> None:
        """Call the startup hook of one plugin, with the wrappers of all; its own may be all that it has."""
        impls = self._manager.call_order("cocopot_startup")
        if any(impl.plugin is record.plugin for impl in impls):
            called = [impl for impl in impls if impl.plugin is record.plugin or is_wrapper(impl)]
            with app.app_context():
                self._manager.call_implementations("cocopot_startup", called, app=app)
        if self.on_late_start is not None:
            self.on_late_start(record)

    def _implementations(self, record: PluginRecord, hook: str) -> list[pluggy.HookImpl]:
        return [impl for impl in self._manager.call_order(hook) if impl.plugin is record.plugin]

    def _call_setup(self, app: Cocopot, impl: pluggy.HookImpl) -> None:
        record = self._manager.records_by_name[impl.plugin_name]
        attribute = self._manager.claims.watch(app)
        token = self._manager.current_setup.set(impl.plugin_name)
        try:
            self._manager.call_implementations("cocopot_setup", [impl], app=app)
        finally:
            self._manager.current_setup.reset(token)
        if errors := [conflict for conflict in attribute(record, impl.function) if conflict.is_error]:
            raise conflict_error(record.candidate, errors)

    def run_startup(self, app: Cocopot) -> None:
        """Call the startup hooks; a plugin that is registered from now on gets its call then.

        Args:
            app: The application.
        """
        self._report_conflicts()
        # Each plugin is either among those that are called here, or sees that the startup has run.
        with self._manager.locked():
            conflicts, stop = self._manager.claims.watch_startup(app)
            call = self._manager.compiled_hook("cocopot_startup")
            self._startup_has_run = True
        try:
            if call is not None:
                call(app)
            self._reject_conflicts(conflicts)
        except BaseException:
            self._startup_has_run = False
            raise
        finally:
            stop()

    def _reject_conflicts(self, conflicts: Iterable[tuple[PluginRecord, Conflict]]) -> None:
        """Raise or log an error for what startup hooks registered; it is too late to skip their plugins."""
        errors = [conflict_error(record.candidate, [conflict]) for record, conflict in conflicts]
        if errors and self._on_error == "raise":
            raise combine_errors(errors)
        for error in errors:
            if self._collected is None:
                logger.warning("%s", error)
            else:
                self._collected.setdefault(str(error.plugin), error)

    def _report_conflicts(self) -> None:
        if collected_errors() is None:  # otherwise the command that starts the application shows them
            lines = [f"- {conflict}" for conflict in self._manager.conflicts if not conflict.is_error]
            if lines:
                logger.warning("Plugins conflict:\n%s", "\n".join(lines))

    def forget_startup(self) -> None:
        """Let `run_startup` run again, because the application was closed."""
        self._startup_has_run = False

    def _set_config_defaults(
        self, app: Cocopot, record: PluginRecord, impls: Sequence[pluggy.HookImpl]
    ) -> None:
        for defaults in self._manager.call_implementations("cocopot_config_defaults", impls, app=app):
            for key, value in dict(defaults).items():
                self._set_config_default(app.config, record, key, value)

    def _set_config_default(self, config: Config, record: PluginRecord, key: object, value: object) -> None:
        hook = "cocopot_config_defaults"
        if not isinstance(key, str) or not key.isupper():
            problem = f"names the configuration key {key!r}; keys are upper-case."
            raise record.candidate.error(problem, reason="config", hook=hook)
        owner = config.declared.get(key, record.name)
        if owner != record.name and self._manager.has_plugin(owner):
            other = Claim.of(self._manager.records_by_name[owner]).owner
            problem = f"names the configuration key {key!r}, which {other} names too."
            raise record.candidate.error(problem, reason="config", hook=hook)
        if key not in config:
            config.set_from({key: value}, Origin("plugin", record.name))
        config.declared[key] = record.name
        self._defaults[key] = config[key]


def _groups(
    order: Sequence[pluggy.HookImpl], own: Sequence[pluggy.HookImpl]
) -> Iterator[Sequence[pluggy.HookImpl]]:
    """Yield what is called together: the wrappers, then one implementation; if there is none, own wrappers.

    Args:
        order: All implementations of a hook.
        own: Those that are to be called.
    """
    wrappers = [impl for impl in order if is_wrapper(impl)]
    plain = [impl for impl in own if not is_wrapper(impl)]
    for impl in plain:
        yield [*wrappers, impl]
    if own and not plain:
        yield own
