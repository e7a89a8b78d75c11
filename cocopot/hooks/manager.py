"""The plugin manager: one per application; it registers, orders and validates plugins."""

from __future__ import annotations

import threading
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import partial
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from cocopot.hooks import specs
from cocopot.hooks.blame import Culprits
from cocopot.hooks.call_scopes import blueprints_of_call
from cocopot.hooks.candidates import TWIN_CURE, Candidate
from cocopot.hooks.claims import Claims
from cocopot.hooks.compiler import compile_call
from cocopot.hooks.contract import check_implementation, check_specifications, specifications_of
from cocopot.hooks.identity import IdentityManager
from cocopot.hooks.markers import MISSING, PROJECT_NAME, can_carry_hookimpl, own_attributes, static_attribute
from cocopot.hooks.names import free_name, name_of_plugin, read_name
from cocopot.hooks.needs import follower_of
from cocopot.hooks.observers import Observers
from cocopot.hooks.ordering import in_call_order
from cocopot.hooks.records import PluginRecord, Records
from cocopot.hooks.selection import Selection
from cocopot.hooks.source import ApplicationFunction, hook_call, option_of
from cocopot.locations import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    import pluggy

    from cocopot.exceptions import Blame, PluginError
    from cocopot.hooks.conflicts import Conflict
    from cocopot.hooks.observers import Callback
    from cocopot.hooks.records import Origin
    from cocopot.hooks.source import HookCall, HookFunction, Kind


class PluginManager(IdentityManager):
    """A `pluggy.PluginManager` that implements Cocopot's order, hook kinds and blame.

    Args:
        project_name: Prefix of the attributes that the markers leave on functions.
        hookspecs: Modules or classes with hook specifications; Cocopot's own by default.
    """

    def __init__(
        self, project_name: str = PROJECT_NAME, hookspecs: Iterable[ModuleType | type] | None = None
    ) -> None:
        super().__init__(project_name)
        # pluggy's attribute for the function that executes a call; hook-call monitoring wraps it.
        self._inner_hookexec: HookFunction = self._execute
        #: What is registered, by name.
        self.records_by_name = Records()
        self._mark = f"{project_name}_impl"
        self._lock = threading.RLock()
        #: Held while the application starts or ends, and a plugin is registered; acquired before `_lock`.
        self.lifespan_lock = threading.RLock()
        self.monitors = 0
        self.observers = Observers()
        self._executors: dict[Hashable, HookFunction] = {}
        self._culprits = Culprits(self.records_by_name)
        #: What is compiled from the implementations; replaced by an empty one at each change of them.
        self.compiled: dict[Hashable, Any] = {}
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

    def add_hookcall_monitoring(self, before: HookFunction, after: HookFunction) -> Callable[[], None]:
        """Have `before` and `after` called around every hook call, as pluggy does; slow while it lasts."""
        with self._lock:
            undo = super().add_hookcall_monitoring(before, after)
            self.monitors += 1
            self.invalidate()
        return partial(self._undo, undo, monitors=1)

    def observe(self, callback: Callback) -> Callable[[], None]:
        """Have `callback` notified of each call of an implementation, after its end.

        It is compiled in from the next request on; requests in flight keep their calls. A callback is not
        notified of hook calls that it makes itself. What it raises does not reach the request: an `Exception`
        is logged, once. With a server of several threads it is called in several threads. It runs in a copy
        of the context variables, so that it cannot change them for the request.

        Args:
            callback: Takes a `HookCallRecord`: hook, plugin, start, duration, result or exception.

        Returns:
            A function that removes the observer.
        """
        with self._lock:
            remove = self.observers.add(callback)
            self.invalidate()
        return partial(self._undo, remove)

    def _undo(self, function: Callable[[], None], monitors: int = 0) -> None:
        with self._lock:
            function()
            self.monitors -= monitors
            self.invalidate()

    def invalidate(self) -> None:
        """Discard what has been compiled; it is compiled again when it is next needed."""
        self.compiled = {}
        self._executors = {}
        self._culprits = Culprits(self.records_by_name)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other threads from registering, so that what is compiled inside is consistent."""
        with self._lock:
            yield

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

    def kind(self, hook: str) -> Kind:
        """Return how the results of a hook's implementations are used."""
        return hook_call(getattr(self.hook, hook), hook, (), None).kind

    def call_order(self, hook: str, scopes: Sequence[str] | None = None) -> list[pluggy.HookImpl]:
        """Return the implementations of a hook in the order in which they run, wrappers first.

        Args:
            hook: The hook's name.
            scopes: The blueprints of an endpoint, to omit what belongs to others; `None` for all.
        """
        caller: pluggy.HookCaller = getattr(self.hook, hook)
        impls = caller.get_hookimpls()
        if scopes is not None:
            impls = [impl for impl in impls if self.records_by_name.serves(impl, scopes)]
        return self._ordered(caller, impls)

    def _ordered(
        self, caller: pluggy.HookCaller | None, impls: Sequence[pluggy.HookImpl]
    ) -> list[pluggy.HookImpl]:
        return in_call_order(impls, option_of(caller, "order"), self.records_by_name)

    # -- calls ---------------------------------------------------------

    def compile(self, hook: str, scopes: Sequence[str] = (), *, results: bool = True) -> HookFunction | None:
        """Return one function that calls the implementations of a hook, or `None` if there are none.

        Args:
            hook: The name of a hook that has a specification.
            scopes: The blueprints of the endpoint that is served, innermost first.
            results: Whether the results of a hook of kind "all" are used.

        Returns:
            A function that takes the hook's arguments by position, in the order of the specification.
        """
        caller: pluggy.HookCaller = getattr(self.hook, hook)
        impls = [impl for impl in caller.get_hookimpls() if self.records_by_name.serves(impl, scopes)]
        if not impls or caller.spec is None:
            return None
        parameters = (*caller.spec.argnames, *caller.spec.kwargnames)
        if self.monitors:
            first = bool(caller.spec.opts["firstresult"])
            return lambda *args: self._inner_hookexec(
                hook, impls, dict(zip(parameters, args, strict=True)), first
            )
        call = hook_call(caller, hook, parameters, self.observers.observe, results=results)
        return self.compile_ordered(call, self._ordered(caller, impls))

    def compile_ordered(self, call: HookCall, impls: Sequence[pluggy.HookImpl]) -> HookFunction:
        culprits = self._culprits
        return compile_call(culprits.with_results(call), impls, culprits.blame_for(call, impls))

    def compiled_hook(self, hook: str, scopes: Iterable[str] = ()) -> HookFunction | None:
        """Return what `compile` returns without results, compiled once and cached until the next change."""
        key = (hook, *scopes)
        # Read once: another thread may discard what is compiled at any time.
        call: HookFunction | None = self.compiled.get(key, MISSING)
        if call is MISSING:
            with self.locked():
                call = self.compiled[key] = self.compile(hook, key[1:], results=False)
        return call

    def _hookexec(
        self,
        hook_name: str,
        methods: Sequence[pluggy.HookImpl],
        kwargs: Mapping[str, object],
        firstresult: bool,
    ) -> object:
        """Execute `manager.hook.NAME(...)`: pluggy's caller passes all implementations of the hook."""
        if any(not self.records_by_name.serves(impl, ()) for impl in methods):
            scopes = blueprints_of_call(kwargs)
            methods = [impl for impl in methods if self.records_by_name.serves(impl, scopes)]
        return self._inner_hookexec(hook_name, methods, kwargs, firstresult)

    def _execute(
        self, hook: str, impls: Sequence[pluggy.HookImpl], kwargs: Mapping[str, object], firstresult: bool
    ) -> object:
        """Call `impls` in Cocopot's order; all calls by keyword arrive here."""
        key = (hook, firstresult, *kwargs, *impls)
        executors = self._executors
        compiled = executors.get(key)
        if compiled is None:
            caller: pluggy.HookCaller | None = getattr(self.hook, hook, None)
            observe = self.observers.observe
            call = hook_call(caller, hook, tuple(kwargs), observe, firstresult=firstresult)
            compiled = self.compile_ordered(call, self._ordered(caller, impls))
            if all(impl.plugin_name in self.records_by_name for impl in impls):
                executors[key] = compiled
        return compiled(*kwargs.values())

    def call_implementations(
        self, hook: str, impls: Sequence[pluggy.HookImpl], **kwargs: object
    ) -> list[Any]:
        """Call only some implementations of a hook that returns all results."""
        results: list[Any] = self._inner_hookexec(hook, impls, kwargs, False)
        return results

    def culprit(self, impl: pluggy.HookImpl, hook: str) -> Blame | None:
        """Return plugin or function, distribution and place of an implementation; `None` for a default."""
        return self._culprits.find(impl, hook)
