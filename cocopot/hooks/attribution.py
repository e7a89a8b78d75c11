"""Which implementation of a hook has returned which result, for hooks whose results are names and values."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from cocopot.hooks.conflicts import Claim
from cocopot.hooks.source import hook_call
from cocopot.hooks.wrappers import is_wrapper
from cocopot.locations import locate

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    import pluggy

    from cocopot.hooks.manager import PluginManager
    from cocopot.hooks.records import PluginRecord
    from cocopot.hooks.source import HookFunction

    #: The names that a hook has returned.
    Names: TypeAlias = Mapping[str, object]
    #: The implementations that returned names, in the order in which they ran, each with its names.
    Sources: TypeAlias = Sequence[tuple[pluggy.HookImpl, Names]]


def attributed_call(
    manager: PluginManager, hook: str, scopes: Sequence[str]
) -> Callable[..., tuple[Sequence[Names], Sources]] | None:
    """Return a function that calls a hook once, and returns its results and their sources.

    Args:
        manager: The plugin manager.
        hook: A hook whose results are mappings.
        scopes: The blueprints of the endpoint that is served, innermost first.

    Returns:
        A function that takes the hook's arguments by position, or `None` if the hook is not implemented.
    """
    impls = manager.call_order(hook, scopes)
    caller: pluggy.HookCaller = getattr(manager.hook, hook)
    if not impls or caller.spec is None:
        return None
    sources: list[tuple[pluggy.HookImpl, Names]] = []

    def observe(name: str, impl: pluggy.HookImpl, function: HookFunction) -> HookFunction:
        observers = manager.observers.observe
        observed = function if observers is None else observers(name, impl, function)
        if is_wrapper(impl):
            return observed

        def call(*args: object, **kwargs: object) -> Names | None:
            result: Names | None = observed(*args, **kwargs)
            if result is not None:
                sources.append((impl, result))
            return result

        return call

    parameters = (*caller.spec.argnames, *caller.spec.kwargnames)
    compiled = manager.compile_ordered(hook_call(caller, hook, parameters, observe), impls)
    return lambda *args: (compiled(*args), sources)


def check_names(manager: PluginManager, hook: str, sources: Sources, decided: Container[str]) -> None:
    """Reject a name that two plugins return, unless the application returns it too.

    Args:
        manager: The plugin manager.
        hook: The hook.
        sources: What `attributed_call` returns.
        decided: Names whose value does not depend on the hook.

    Raises:
        PluginError: For such a name, with both plugins.
    """
    owners: dict[str, tuple[PluginRecord | None, pluggy.HookImpl]] = {}
    rivals: dict[str, PluginRecord] = {}
    for impl, names in sources:
        record = manager.records_by_name.get(impl.plugin_name)
        is_plugin = record is not None and record.origin == "plugin"
        for name in names:
            known = owners.get(name, (None, None))[0]
            if known is not None and known is not record:
                rivals[name] = known
            owners[name] = record if is_plugin else None, impl
    for name, rival in rivals.items():
        winner, impl = owners[name]
        if winner is not None and name not in decided:
            raise winner.candidate.error(
                f"returns the name {name!r} from {hook}, which {Claim.of(rival).owner} returns, too.",
                reason="conflict",
                hook=hook,
                place=locate(impl.function),
                cure="A context processor of the application can return the name with the value to use.",
            )
