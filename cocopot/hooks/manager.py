"""The plugin manager: one per application; it registers, orders and validates plugins."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from contextvars import ContextVar
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from cocopot.fork_safety import fork_safe
from cocopot.hooks import specs
from cocopot.hooks.calls import CallManager
from cocopot.hooks.candidates import TWIN_CURE, Candidate
from cocopot.hooks.claims import Claims
from cocopot.hooks.contract import check_implementation, check_specifications, specifications_of
from cocopot.hooks.markers import PROJECT_NAME, can_carry_hookimpl, own_attributes, static_attribute
from cocopot.hooks.names import free_name, name_of_plugin, read_name
from cocopot.hooks.needs import follower_of
from cocopot.hooks.records import PluginRecord
from cocopot.hooks.selection import Selection
from cocopot.hooks.source import ApplicationFunction
from cocopot.locations import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pluggy

    from cocopot.exceptions import PluginError
    from cocopot.hooks.conflicts import Conflict
    from cocopot.hooks.records import Origin
    from cocopot.hooks.source import HookFunction


class PluginManager(CallManager):
    """A `pluggy.PluginManager` that implements Cocopot's order, hook kinds and blame.

    Args:
        project_name: Prefix of the attributes that the markers leave on functions.
        hookspecs: Modules or classes with hook specifications; Cocopot's own by default.
    """

    def __init__(
        self, project_name: str = PROJECT_NAME, hookspecs: Iterable[ModuleType | type] | None = None
    ) -> None:
        super().__init__(project_name)
        self._mark = f"{project_name}_impl"
        #: Held while the application starts or ends, and a plugin is registered; acquired before `_lock`.
        self.lifespan_lock = fork_safe(threading.RLock())
        #: Plugins that were skipped because of an error, with `plugin_errors="warn"`.
        self.failed: dict[str, PluginError] = {}
        #: What plugins have registered on the application.
        self.claims = Claims(self)
        #: Which installed plugins the application selects.
        self.selection = Selection(None, "autoload=", {})
        #: The plugins that were passed to the application's constructor.
        self.explicit_plugins: Sequence[Candidate] = ()
        #: Called with the record of each plugin that has been registered; rolled back if it raises.
        self.on_register: Callable[[PluginRecord], None] | None = None
        #: Called with each plugin that has been unregistered.
        self.on_remove: Callable[[object], None] | None = None
        #: Name of the plugin whose `cocopot_setup` runs in this context, or `None`.
        self.current_setup: ContextVar[str | None] = ContextVar("cocopot.current_setup", default=None)
        for namespace in (specs,) if hookspecs is None else hookspecs:
            self.add_hookspecs(namespace)
        if hasattr(self.hook, "cocopot_addhooks"):
            self.hook.cocopot_addhooks.call_historic(kwargs={"pluginmanager": self})

    # -- registration --------------------------------------------------

    def register(
        self,
        plugin: object,
        name: str | None = None,
        *,
        origin: Origin = "plugin",
        candidate: Candidate | None = None,
        scope: str | None = None,
        depth: int = 0,
    ) -> str | None:
        """Register a plugin, as pluggy does, with its place in the load order.

        The place is the last, unless `before`, `after` or the operator's order demand another one.
        May be called while requests are being served: those in flight keep the calls that they began with,
        and those that begin wait until the plugin has been set up. If its `cocopot_setup` raises, what it has
        registered is rolled back, plugins too. Neither that hook, nor the `cocopot_startup` of a plugin that
        is registered after the start, may wait for a request of another thread, which would wait for it.

        Args:
            plugin: An object or module with hook implementations.
            name: Its name; by default `__name__`, or the name of its class.
            origin: Where it comes from.
            candidate: Entry point and distribution.
            scope: The blueprint to whose endpoints it is restricted.
            depth: The number of nested blueprints in `scope`.

        Returns:
            The name, or `None` if the name is blocked.

        Raises:
            ValueError: If the plugin, or one of that name, is registered already.
            PluginError: If an implementation does not fit its specification, the name cannot be used, or what
                it declares about other plugins is not met by those that are registered.
        """
        with self.lifespan_lock if origin == "plugin" else nullcontext(), self._lock:
            error, is_late = None, candidate is None and origin == "plugin"
            if name is None or is_late:
                own, error = read_name(plugin, name)
                is_default = name is None or error is not None
                name = free_name(plugin, own, self.records_by_name) if is_default else own
            if self.is_blocked(name):
                return None
            self.check_new(plugin, name)
            candidate = candidate or Candidate(name, naming_error=error)
            candidate.check_type(plugin)
            if (twin := self.instance_of(plugin)) is not None:
                problem = f"is the class of plugin {twin!r}, which is registered already."
                raise candidate.error(problem, reason="duplicate", cure=TWIN_CURE)
            before = follower_of(candidate, plugin, self) if is_late else None
            record = PluginRecord(name, plugin, origin, 0, candidate, scope, depth)
            record = self.records_by_name.add(record, before)
            try:
                super().register(plugin, name)
                if self.on_register is not None and origin == "plugin":
                    self.on_register(record)
            except BaseException:
                self._remove(name, plugin)
                raise
            finally:
                self.invalidate()
            return name

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Return the options of a plugin's attribute if it is a hook implementation, as pluggy does.

        pluggy calls this for every attribute of every plugin; for most the answer needs no search.
        """
        value = static_attribute(plugin, name)
        if type(value) is FunctionType:
            options = getattr(value, self._mark, None)
            return options if isinstance(options, dict) else None  # type: ignore[return-value]
        return super().parse_hookimpl_opts(plugin, name) if can_carry_hookimpl(value) else None

    def is_marked(self, value: object) -> bool:
        """Whether an object has the mark of an implementation, which only a function can be."""
        return isinstance(own_attributes(value).get(self._mark), dict)

    def _verify_hook(self, hook: pluggy.HookCaller, hookimpl: pluggy.HookImpl) -> None:
        """Reject an implementation that does not fit its hook; more than pluggy does, and with cures."""
        if not isinstance(hookimpl.plugin, ApplicationFunction):
            record = self.records_by_name.get(hookimpl.plugin_name)
            candidate = Candidate(hookimpl.plugin_name) if record is None else record.candidate
            check_implementation(candidate, hookimpl, hook, self.records_by_name)
        super()._verify_hook(hook, hookimpl)

    def unregister(self, plugin: object | None = None, name: str | None = None) -> object | None:
        """Unregister a plugin and its implementations, as pluggy does; an equal one stays registered."""
        with self._lock:
            name = self.get_name(plugin) if name is None and plugin is not None else name
            if name is None:
                raise ValueError(f"The plugin {shown(plugin, 80)} is not registered.")
            registered = self._name2plugin.get(name)
            if plugin is not None and registered is not plugin:
                raise ValueError(f"The plugin {shown(plugin, 80)} is not registered as {name!r}.")
            if registered is not None:
                self._remove(name, registered)
        return registered

    def _remove(self, name: str, plugin: object) -> None:
        self.records_by_name.pop(name, None)
        if self._name2plugin.get(name) is plugin:
            del self._name2plugin[name]
        for caller in vars(self.hook).values():
            impls = caller._hookimpls  # noqa: SLF001 - pluggy removes those of an equal plugin, too
            impls[:] = [impl for impl in impls if impl.plugin is not plugin or impl.plugin_name != name]
        if self.on_remove is not None:
            self.on_remove(plugin)
        self.invalidate()

    def add_hookspecs(self, module_or_class: ModuleType | type) -> None:
        """Add the hook specifications of a module or class, all or none; otherwise as pluggy does."""
        with self._lock:
            check_specifications(self, module_or_class)
            super().add_hookspecs(module_or_class)
            self.invalidate()

    def get_canonical_name(self, plugin: object) -> str:
        """Return `plugin_name`, `__name__`, or for an instance the name of its class with a number."""
        return free_name(plugin, name_of_plugin(plugin), self.records_by_name)

    # -- queries -------------------------------------------------------

    @property
    def disabled(self) -> Mapping[str, str]:
        """Names that must not be loaded, each with the setting that disables it."""
        return self.selection.disabled

    @property
    def conflicts(self) -> list[Conflict]:
        """What several plugins, or a plugin and the application, register under one name."""
        return list(self.claims.conflicts())

    def records(self, origin: Origin | None = None) -> list[PluginRecord]:
        """Return what is registered, in load order.

        Args:
            origin: Only `"plugin"`, `"application"` or `"builtin"`; everything by default.
        """
        return self.records_by_name.in_load_order(origin)

    def specified_hooks(self) -> frozenset[str]:
        """Return the names of the hooks that have a specification."""
        return frozenset(name for name, caller in list(vars(self.hook).items()) if caller.has_spec())

    def specifications(self) -> dict[str, Callable[..., object]]:
        """Return the specification of each hook, by name, in the order of the contract.

        Cocopot's own come first, then those that plugins have added.

        Returns:
            For each hook the function that specifies it, with signature, annotations and docstring.
        """
        return specifications_of(vars(self.hook))

    def implementations_in(self, plugin: object) -> Iterator[tuple[str, HookFunction]]:
        """Return the hooks that an object or module implements, and the functions, registered or not."""
        for attribute in dir(plugin):
            options = self.parse_hookimpl_opts(plugin, attribute)
            if options is not None:
                yield options.get("specname") or attribute, getattr(plugin, attribute)
