"""The plugin manager: one per application; it registers, orders, validates, and names the culprit."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING, Any, Literal

import pluggy
from werkzeug.utils import import_string

from cocopot.hooks import specs
from cocopot.hooks.candidates import Candidate, name_of_plugin, unique_name
from cocopot.hooks.compiler import HookCall, Kind, compile_call
from cocopot.hooks.markers import PROJECT_NAME, held, may_be_marked
from cocopot.hooks.observers import Observers
from cocopot.hooks.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cocopot.exceptions import PluginError
    from cocopot.hooks.compiler import Observe
    from cocopot.hooks.observers import Callback

Origin = Literal["plugin", "application", "builtin"]


@dataclass(frozen=True, slots=True)
class PluginRecord:
    """What the manager knows of a registered plugin, of an application's function, or of a built-in default.

    Args:
        name: The name under which it is registered.
        plugin: The registered object.
        origin: Who brought it.
        index: A number that grows with each registration: the load order.
        candidate: Entry point and distribution, for a plugin.
        scope: The blueprint whose endpoints alone the implementation serves, or `None` for all.
        depth: How many blueprints the scope lies inside, itself included; 0 without a scope.
    """

    name: str
    plugin: object
    origin: Origin
    index: int
    candidate: Candidate
    scope: str | None = None
    depth: int = 0

    @property
    def distribution(self) -> str:
        """Name of the distribution that the plugin comes from; empty if it was given as an object."""
        return self.candidate.distribution

    @property
    def version(self) -> str:
        """Version of the distribution that the plugin comes from; empty if it was given as an object."""
        return self.candidate.version


class PluginManager(pluggy.PluginManager):
    """A `pluggy.PluginManager` that keeps Cocopot's contract of order, kinds and blame.

    Args:
        project_name: Prefix of the attributes that the markers leave on functions.
        hookspecs: Modules or classes with hook specifications; Cocopot's own by default.
    """

    def __init__(self, project_name: str = PROJECT_NAME, hookspecs: Iterable[Any] = (specs,)) -> None:
        super().__init__(project_name)
        # pluggy's own place for what executes a call; hook-call monitoring wraps whatever stands here.
        self._inner_hookexec: Any = self._execute
        #: What is registered, by name.
        self.records_by_name: dict[str, PluginRecord] = {}
        self._mark = f"{project_name}_impl"
        self._counter = 0
        self._lock = threading.RLock()
        self._monitors = 0
        self._observers = Observers()
        self._muted = False
        self._executors: dict[Any, Callable[..., Any]] = {}
        #: Thrown away whole whenever anything is registered or unregistered; what is compiled from the
        #: implementations is kept here, so that it is never older than they are.
        self.compiled: dict[Any, Any] = {}
        #: Plugins that were left out because of an error, with `plugin_errors="warn"`.
        self.failed: dict[str, PluginError] = {}
        #: Which installed plugins the application wants.
        self.selection = Selection(None, "autoload=", {})
        #: The plugins that the application handed over as objects.
        self.given: Sequence[Candidate] = ()
        #: Called with the record of a plugin that is being registered, after its `cocopot_addhooks` and
        #: before its `cocopot_setup`; what it raises prevents the registration.
        self.before_setup: Callable[[PluginRecord], None] | None = None
        self._awaits_setup: PluginRecord | None = None
        #: Its `plugin`, if it is there, is the name of the plugin whose `cocopot_setup` runs in this thread.
        self.setting_up = threading.local()
        #: Called before a plugin is registered late; returns what takes back all that it registers.
        self.snapshot: Callable[[], Callable[[], None]] | None = None
        for namespace in hookspecs:
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
        """Register a plugin, as pluggy does, and remember where it stands in the order.

        May be called while requests run: those in flight keep the calls that they began with, and those that
        begin wait until the plugin has been set up. What a plugin has registered when its `cocopot_setup`
        raises is taken back.

        Args:
            plugin: An object or module with hook implementations.
            name: Its name; by default `__name__`, or the name of its class.
            origin: Who brings it.
            candidate: Entry point and distribution.
            scope: The blueprint whose endpoints alone it serves.
            depth: How many blueprints the scope lies inside.

        Returns:
            The name, or `None` if the name is blocked.

        Raises:
            ValueError: If the plugin, or one of that name, is registered already.
            pluggy.PluginValidationError: If an implementation does not fit its specification.
        """
        with self._lock:
            name = name or self.get_canonical_name(plugin)
            if self.is_blocked(name) or name in self.records_by_name:
                return super().register(plugin, name)
            self._counter += 1
            self.records_by_name[name] = PluginRecord(
                name, plugin, origin, self._counter, candidate or Candidate(name), scope, depth
            )
            take_back = self.snapshot() if self.snapshot is not None and origin == "plugin" else None
            try:
                self._awaits_setup = self.records_by_name[name] if origin == "plugin" else None
                super().register(plugin, name)
                self._prepare_setup()
            except BaseException:
                del self.records_by_name[name]
                if self._name2plugin.get(name) is plugin:
                    super().unregister(plugin, name)
                if take_back is not None:
                    take_back()
                raise
            finally:
                self._awaits_setup = None
                self.forget_compiled()
            return name

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Return the options of a plugin's attribute if it is a hook implementation, as pluggy does.

        pluggy asks for every attribute of every plugin, and searches long; most can be told at a glance.
        """
        value = held(plugin, name)
        if type(value) is FunctionType:
            options = getattr(value, self._mark, None)
            return options if isinstance(options, dict) else None  # type: ignore[return-value]
        return super().parse_hookimpl_opts(plugin, name) if may_be_marked(value) else None

    def _prepare_setup(self) -> None:
        """Call `before_setup` for the plugin that is being registered, once."""
        record, self._awaits_setup = self._awaits_setup, None
        if record is not None and self.before_setup is not None:
            self.before_setup(record)

    def unregister(self, plugin: object | None = None, name: str | None = None) -> Any | None:
        """Unregister a plugin and all of its implementations, as pluggy does."""
        with self._lock:
            name = name or (self.get_name(plugin) if plugin is not None else None)
            removed = super().unregister(plugin, name)
            if name is not None and removed is not None:
                self.records_by_name.pop(name, None)
            self.forget_compiled()
        return removed

    def add_hookspecs(self, module_or_class: Any) -> None:
        """Add the hook specifications of a module or class, as pluggy does."""
        with self._lock:
            super().add_hookspecs(module_or_class)
            self.forget_compiled()

    def get_canonical_name(self, plugin: object) -> str:
        """Return `plugin_name`, `__name__`, or for an instance the name of its class with a number."""
        name = name_of_plugin(plugin)
        # A module keeps its name even if it is taken: it is the one that has it, and is not registered twice.
        return name if name == getattr(plugin, "__name__", None) else unique_name(name, self._name2plugin)

    def add_hookcall_monitoring(self, before: Any, after: Any) -> Callable[[], None]:
        """Have `before` and `after` called around every hook call, as pluggy does; slow while it lasts."""
        with self._lock:
            undo = super().add_hookcall_monitoring(before, after)
            self._monitors += 1
            self.forget_compiled()

        def undo_and_forget() -> None:
            with self._lock:
                undo()
                self._monitors -= 1
                self.forget_compiled()

        return undo_and_forget

    def observe(self, callback: Callback) -> Callable[[], None]:
        """Have `callback` told of each call of an implementation, after its end.

        Compiled in from the next request on; requests in flight keep the calls that they began with. Of hook
        calls that a callback makes itself nothing is told. What it raises does not reach the request: an
        `Exception` is logged, once. With a server of several threads it is called in several threads. It runs
        in a copy of the context variables: those that it sets are as before afterwards.

        Args:
            callback: Takes a `HookCallRecord`: hook, plugin, start, duration, result or exception.

        Returns:
            What takes the observer away again.
        """
        with self._lock:
            remove = self._observers.add(callback)
            self.forget_compiled()

        def undo() -> None:
            with self._lock:
                remove()
                self.forget_compiled()

        return undo

    def forget_compiled(self) -> None:
        """Throw away what has been compiled; it is made again when it is next asked for."""
        self.compiled = {}
        self._executors = {}

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Keep other threads from registering, so that what is compiled inside is of one piece."""
        with self._lock:
            yield

    # -- looking -------------------------------------------------------

    @property
    def disabled(self) -> Mapping[str, str]:
        """Names that must not be loaded, and what said so."""
        return self.selection.disabled

    def records(self, origin: Origin | None = None) -> list[PluginRecord]:
        """Return what is registered, in load order.

        Args:
            origin: Only `"plugin"`, `"application"` or `"builtin"`; everything by default.
        """
        records = list(self.records_by_name.values())  # others may register meanwhile
        return sorted((r for r in records if origin in (None, r.origin)), key=lambda record: record.index)

    def specified_hooks(self) -> frozenset[str]:
        """Return the names of the hooks that have a specification."""
        return frozenset(name for name, caller in list(vars(self.hook).items()) if caller.has_spec())

    def implementations_in(self, plugin: object) -> Iterator[tuple[str, Any]]:
        """Return the hooks that an object or module implements, and the functions, registered or not."""
        for attribute in dir(plugin):
            options = self.parse_hookimpl_opts(plugin, attribute)
            if options is not None:
                yield options.get("specname") or attribute, getattr(plugin, attribute)

    def kind(self, hook: str) -> Kind:
        """Return what becomes of the results of a hook's implementations."""
        return _hook_call(getattr(self.hook, hook), hook, (), None).kind

    def call_order(self, hook: str, scopes: Sequence[str] | None = None) -> list[pluggy.HookImpl]:
        """Return the implementations of a hook in the order in which they run, wrappers first.

        Args:
            hook: The hook's name.
            scopes: The blueprints of an endpoint, to leave out what belongs to others; `None` for all.
        """
        caller: pluggy.HookCaller = getattr(self.hook, hook)
        impls = caller.get_hookimpls()
        if scopes is not None:
            impls = [impl for impl in impls if self._serves(impl, scopes)]
        return self._ordered(caller, impls)

    def _serves(self, impl: pluggy.HookImpl, scopes: Sequence[str]) -> bool:
        record = self.records_by_name.get(impl.plugin_name)
        return record is None or record.scope is None or record.scope in scopes

    # -- order ---------------------------------------------------------

    def _ordered(
        self, caller: pluggy.HookCaller | None, impls: Sequence[pluggy.HookImpl]
    ) -> list[pluggy.HookImpl]:
        order = _option(caller, "order")
        if order is None:
            return list(reversed(impls))  # pluggy keeps the list in reverse
        return sorted(impls, key=lambda impl: self._rank(impl, order))

    def _rank(self, impl: pluggy.HookImpl, order: str) -> tuple[int, ...]:
        record = self.records_by_name.get(impl.plugin_name)
        layer = int(not (impl.wrapper or impl.hookwrapper))
        wish = -1 if impl.tryfirst else 1 if impl.trylast else 0
        if record is None:  # an implementation that was passed to `call_extra`: innermost
            return (layer, wish, 2 if order == "in" else -1, 0, 0)
        if record.origin == "builtin":
            return (layer, wish, 3, 0, record.index)
        inner = record.origin == "application"
        if order == "in" or layer == 0:  # a wrapper enters where it stands in load order, and leaves there
            return (layer, wish, int(inner), record.depth, record.index)
        return (layer, wish, int(not inner), -record.depth, -record.index)

    # -- calls ---------------------------------------------------------

    def compile(
        self, hook: str, scopes: Sequence[str] = (), *, results: bool = True
    ) -> Callable[..., Any] | None:
        """Return one function that calls the implementations of a hook, or `None` if there are none.

        Args:
            hook: The name of a hook that has a specification.
            scopes: The blueprints of the endpoint that is served, innermost first.
            results: Whether the results of a hook of kind "all" are wanted.

        Returns:
            A function that takes the hook's arguments by position, in the order of the specification.
        """
        caller: pluggy.HookCaller = getattr(self.hook, hook)
        impls = [impl for impl in caller.get_hookimpls() if self._serves(impl, scopes)]
        if not impls or caller.spec is None:
            return None
        parameters = (*caller.spec.argnames, *caller.spec.kwargnames)
        if self._monitors:
            first = bool(caller.spec.opts["firstresult"])
            return lambda *args: self._inner_hookexec(
                hook, impls, dict(zip(parameters, args, strict=True)), first
            )
        call = _hook_call(caller, hook, parameters, self._observers.observe, results=results)
        return compile_call(call, self._ordered(caller, impls), self._blame_for(call, impls))

    def _execute(
        self, hook: str, impls: Sequence[pluggy.HookImpl], kwargs: Mapping[str, object], firstresult: bool
    ) -> Any:
        """Serve `manager.hook.NAME(...)` and everything else that pluggy calls hooks for."""
        if self._muted:
            return None if firstresult else []
        if self._awaits_setup is not None and hook == "cocopot_setup":
            self._prepare_setup()
        key = (hook, firstresult, *kwargs, *impls)
        executors = self._executors
        compiled = executors.get(key)
        if compiled is None:
            caller: pluggy.HookCaller | None = getattr(self.hook, hook, None)
            observe = self._observers.observe
            call = _hook_call(caller, hook, tuple(kwargs), observe, firstresult=firstresult, direct=False)
            compiled = compile_call(call, self._ordered(caller, impls), self._blame_for(call, impls))
            if all(impl.plugin_name in self.records_by_name for impl in impls):
                executors[key] = compiled
        if hook != "cocopot_setup" or not impls:
            return compiled(*kwargs.values())
        before, self.setting_up.plugin = getattr(self.setting_up, "plugin", None), impls[0].plugin_name
        try:
            return compiled(*kwargs.values())
        finally:
            self.setting_up.plugin = before

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Let hook calls reach nobody, so that a historic call is remembered and no more."""
        with self._lock:
            self._muted = True
            try:
                yield
            finally:
                self._muted = False

    def call_implementations(self, hook: str, impls: Sequence[pluggy.HookImpl], **kwargs: object) -> Any:
        """Call only some implementations of a hook that returns all results."""
        return self._inner_hookexec(hook, impls, kwargs, False)

    # -- blame ---------------------------------------------------------

    def _blame_for(
        self, call: HookCall, impls: Sequence[pluggy.HookImpl]
    ) -> Callable[[BaseException, pluggy.HookImpl, str], None] | None:
        blamed = call.kind == "every" or any(self._origin(impl) == "plugin" for impl in impls)
        return self._blame if blamed else None

    def _origin(self, impl: pluggy.HookImpl) -> Origin:
        record = self.records_by_name.get(impl.plugin_name)
        return "application" if record is None else record.origin

    def _blame(self, exc: BaseException, impl: pluggy.HookImpl, hook: str) -> None:
        """Note on `exc` which plugin's implementation it left."""
        record = self.records_by_name.get(impl.plugin_name)
        if record is None or record.origin == "builtin":
            return
        if record.origin == "application" and not _option(getattr(self.hook, hook, None), "every"):
            return
        note = f"Raised by {_describe(record)} in hook {hook}."
        if note not in getattr(exc, "__notes__", ()):
            exc.add_note(note)


def _option(caller: pluggy.HookCaller | None, name: str) -> Any:
    """Return an option of a hook's specification, also one that pluggy does not have."""
    if caller is None or caller.spec is None:
        return None
    options: Mapping[str, Any] = caller.spec.opts
    return options.get(name)


def _hook_call(
    caller: pluggy.HookCaller | None,
    hook: str,
    parameters: tuple[str, ...],
    observe: Observe | None,
    *,
    firstresult: bool | None = None,
    results: bool = True,
    direct: bool = True,
) -> HookCall:
    first = _option(caller, "firstresult") if firstresult is None else firstresult
    threaded = _option(caller, "threaded")
    result_type = _option(caller, "result_type")
    kind: Kind = (
        "first" if first else "threaded" if threaded else "every" if _option(caller, "every") else "all"
    )
    expected = import_string(result_type) if result_type else None
    return HookCall(hook, parameters, kind, threaded, expected, results, direct, observe)


def _describe(record: PluginRecord) -> str:
    if record.origin == "application":
        return repr(record.name)
    where = f" ({record.distribution} {record.version})" if record.distribution else ""
    return f"plugin {record.name!r}{where}"
