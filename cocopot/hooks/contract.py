"""Errors of plugins whose implementations do not fit the hook contract."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pluggy

from cocopot.hooks.markers import MISSING, static_attribute
from cocopot.hooks.wrappers import is_wrapper
from cocopot.locations import locate
from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot.exceptions import PluginError
    from cocopot.hooks.candidates import Candidate
    from cocopot.hooks.manager import PluginManager
    from cocopot.hooks.records import PluginRecord

_DEFAULT_OPTIONS = pluggy.HookimplOpts(
    wrapper=False, hookwrapper=False, optionalhook=False, tryfirst=False, trylast=False, specname=None
)


def contract_error(
    manager: PluginManager, candidate: Candidate, error: pluggy.PluginValidationError
) -> PluginError:
    """Return an error for the first implementation that does not fit the specification of its hook.

    Args:
        manager: The plugin manager.
        candidate: The plugin that was about to be registered.
        error: What pluggy raised.
    """
    problem, hook, place = str(error), None, None
    for impl, caller in _implementations_in(manager, error.plugin):
        if (misfit := _describe_misfit(impl, caller)) is not None:
            problem, hook, place = misfit, caller.name, locate(impl.function)
            break
    found = candidate.error(
        f"breaks the hook contract: {problem}", reason="signature", hook=hook, place=place
    )
    found.__cause__ = error
    return found


def _implementations_in(
    manager: PluginManager, plugin: object
) -> Iterator[tuple[pluggy.HookImpl, pluggy.HookCaller]]:
    """Return what a plugin implements, registered or not, in the order in which pluggy verifies it."""
    for attribute in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is not None:
            caller: pluggy.HookCaller | None = getattr(
                manager.hook, options.get("specname") or attribute, None
            )
            if caller is not None:
                function = getattr(plugin, attribute)
                yield pluggy.HookImpl(plugin, "", function, {**_DEFAULT_OPTIONS, **options}), caller


def _describe_misfit(impl: pluggy.HookImpl, caller: pluggy.HookCaller) -> str | None:
    """Return why pluggy rejects an implementation; `None` if it does not."""
    hook, spec = caller.name, caller.spec
    if is_wrapper(impl) and caller.is_historic():
        return f"{hook} cannot have wrappers: historic incompatible with yield/wrapper/hookwrapper."
    known = () if spec is None else spec.argnames
    wrong = None if spec is None else next((name for name in impl.argnames if name not in known), None)
    if wrong is not None:
        names = f"the argument{'s' if len(known) > 1 else ''} {', '.join(known)}" if known else "none"
        return f"{hook} has no argument {wrong!r}; it has {names}. {did_you_mean(wrong, known)}".rstrip()
    if is_wrapper(impl) and not inspect.isgeneratorfunction(impl.function):
        return f"{hook} is implemented by a wrapper that is not a generator function: it must yield once."
    if impl.wrapper and impl.hookwrapper:
        return f"{hook} is implemented with wrapper=True and hookwrapper=True, which exclude each other."
    return None


def check_hooks(manager: PluginManager, record: PluginRecord, known: frozenset[str]) -> None:
    """Reject implementations of hooks without a specification, and functions that lack the mark.

    Args:
        manager: The plugin manager.
        record: The plugin.
        known: The hooks that have a specification.

    Raises:
        PluginError: If a plugin has any.
    """
    for caller in vars(manager.hook).values():
        impls = () if caller.name in known else caller.get_hookimpls()
        unknown = [impl for impl in impls if impl.plugin is record.plugin and not impl.optionalhook]
        if unknown:
            hint = did_you_mean(caller.name, known, f"Hooks are: {', '.join(sorted(known))}.")
            raise record.candidate.error(
                f"implements {caller.name!r}, which is not a hook. {hint}",
                reason="unknown-hook",
                hook=caller.name,
                place=locate(unknown[0].function),
            )
    for name in sorted(known.intersection(dir(record.plugin))):
        function = static_attribute(record.plugin, name)
        function = getattr(function, "__func__", function)  # of a staticmethod or classmethod
        # None disables the hook of a base class.
        if function in (None, MISSING) or manager.parse_hookimpl_opts(record.plugin, name) is not None:
            continue
        if inspect.isfunction(function):
            problem = f"has a function {name!r} without the mark @cocopot.hookimpl, so it would never run."
            place = locate(function)
        else:
            type_name = type(function).__name__
            problem = f"has a {type_name} {name!r} and no function with that name, so it would never run."
            place = None
        raise record.candidate.error(problem, reason="unmarked", hook=name, place=place)
