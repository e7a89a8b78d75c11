"""The calls of hooks: compiled when first needed, and discarded at each change of the implementations."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from cocopot.fork_safety import fork_safe
from cocopot.hooks.blame import Culprits
from cocopot.hooks.call_scopes import blueprints_of_call
from cocopot.hooks.compiler import compile_call
from cocopot.hooks.identity import IdentityManager
from cocopot.hooks.markers import MISSING
from cocopot.hooks.observers import Observers
from cocopot.hooks.ordering import in_call_order
from cocopot.hooks.records import Records
from cocopot.hooks.source import hook_call, option_of
from cocopot.speedups import CallState

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    import pluggy

    from cocopot.exceptions import Blame
    from cocopot.hooks.source import HookCall, HookFunction, Kind
    from cocopot.scopes import Scope
    from cocopot.speedups.reports import Callback


class CallManager(CallState, IdentityManager):
    """A plugin manager that calls hooks in Cocopot's order, with its kinds and its blame.

    Args:
        project_name: As for `pluggy.PluginManager`.
    """

    def __init__(self, project_name: str) -> None:
        super().__init__(project_name)
        # pluggy's attribute for the function that executes a call; hook-call monitoring wraps it.
        self._inner_hookexec: HookFunction = self._execute
        #: What is registered, by name.
        self.records_by_name = Records()
        self._lock = fork_safe(threading.RLock())
        self.monitors = 0
        self.observers = Observers()
        self._executors: dict[Hashable, HookFunction] = {}
        self._culprits = Culprits(self.records_by_name)
        self.compiled = {}
        #: By hook and blueprint, the numbers and the implementations.
        self._by_scope: dict[str, dict[Scope, list[tuple[int, pluggy.HookImpl]]]] = {}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other threads from registering, so that what is compiled inside is consistent."""
        with self._lock:
            yield

    # -- order ---------------------------------------------------------

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
        impls = self._implementations_for(caller, scopes)
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

    def _implementations_for(self, caller: pluggy.HookCaller, scopes: Sequence[str]) -> list[pluggy.HookImpl]:
        """Return those for the endpoints of blueprints, without a search among those of all blueprints."""
        cache = self._by_scope  # read before the implementations, which another thread may change
        by_scope = cache.get(caller.name)
        if by_scope is None:
            by_scope = {}
            for number, impl in enumerate(caller.get_hookimpls()):
                scope = self.records_by_name.scope_of(impl)
                by_scope.setdefault(scope, []).append((number, impl))
            cache[caller.name] = by_scope
        found = [item for scope in {None, *scopes} for item in by_scope.get(scope, ())]
        return [impl for _, impl in sorted(found, key=itemgetter(0))]

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

    # -- observers -----------------------------------------------------

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
        notified of hook calls that it makes itself, nor, while it runs, of those of another thread that runs
        in a copy of the same context variables. What it raises does not reach the request: an `Exception`
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
        self._by_scope = {}
        self._executors = {}
        self._culprits = Culprits(self.records_by_name)
