"""Errors of plugins whose implementations do not fit the hook contract."""

from __future__ import annotations

import inspect
import warnings
from types import MethodType
from typing import TYPE_CHECKING

from werkzeug.utils import import_string

from cocopot.functions import code_of, function_kind, unwrapped
from cocopot.hooks import specs
from cocopot.hooks.markers import MISSING, static_attribute
from cocopot.hooks.source import name_of_namespace, option_of
from cocopot.hooks.versions import cocopot_version, fits
from cocopot.hooks.wrappers import is_wrapper
from cocopot.locations import locate
from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import CodeType, ModuleType

    import pluggy

    from cocopot.exceptions import PluginError, PluginErrorReason
    from cocopot.hooks.candidates import Candidate
    from cocopot.hooks.manager import PluginManager
    from cocopot.hooks.records import PluginRecord


def check_implementation(
    candidate: Candidate,
    impl: pluggy.HookImpl,
    caller: pluggy.HookCaller,
    records: Mapping[str, PluginRecord],
) -> None:
    """Reject an implementation that would never run, or that does not fit the specification of its hook.

    Args:
        candidate: The plugin.
        impl: The implementation.
        caller: The hook, with its specification.
        records: What is registered, by name.

    Raises:
        PluginError: If it is an asynchronous function, a generator function that is not a wrapper, has
            arguments that a call could not pass, or if the hook has been removed.
    """
    hook = caller.name
    if (kind := function_kind(impl.function)) in ("coroutine", "asynchronous generator"):
        problem = (
            f"implements {hook!r} with `async def`, which would never be awaited: a hook may be called by a "
            "coroutine, where it cannot wait for another one. Write it with `def`, and run a "
            "coroutine in it with app.async_to_sync(function)()."
        )
        raise _error(candidate, problem, "async", impl, hook)
    if kind == "generator" and not is_wrapper(impl):
        problem = (
            f"implements {hook!r} with a `yield` and without wrapper=True, so that calling it would run none "
            "of its code. Mark it with @hookimpl(wrapper=True) if it runs around the other implementations, "
            "or remove the `yield`."
        )
        raise _error(candidate, problem, "generator", impl, hook)
    misfit = _describe_wrapper_misfit(impl, caller, kind) or _describe_misfit(impl, caller)
    if misfit is not None:
        raise _error(candidate, f"breaks the hook contract: {hook} {misfit}", "signature", impl, hook)
    if (deprecation := describe_deprecation(caller)) is not None:
        _refuse_or_warn(candidate, deprecation, impl, caller, records)


def describe_deprecation(caller: pluggy.HookCaller) -> str | None:
    """Return which version deprecates a hook, and which one removes it; `None` if none does.

    Returns:
        A predicate of a plugin that implements the hook.
    """
    deprecated = option_of(caller, "deprecated")
    if deprecated is None:
        return None
    owner = name_of_namespace(caller.spec.namespace).partition(".")[0] if caller.spec else ""
    removed, instead = option_of(caller, "removed"), option_of(caller, "instead")
    versions = f"{owner} {deprecated} has deprecated and {owner} {removed} removes"
    return " ".join(filter(None, [f"implements {caller.name!r}, which {versions}.", instead]))


def _refuse_or_warn(
    candidate: Candidate,
    problem: str,
    impl: pluggy.HookImpl,
    caller: pluggy.HookCaller,
    records: Mapping[str, PluginRecord],
) -> None:
    """Raise an error if a deprecated hook has been removed by now, or else a `DeprecationWarning`."""
    version = _version_of(caller, records)
    if version and fits(version, f">={option_of(caller, 'removed')}"):
        problem = f"{problem} The version is {version}."
        raise _error(candidate, problem, "version", impl, caller.name)
    place = locate(impl.function)
    warnings.warn_explicit(
        f"{candidate.subject} {problem}",
        DeprecationWarning,
        place.file if place is not None else "<unknown>",
        place.line if place is not None else 1,
    )


def check_specifications(manager: PluginManager, namespace: ModuleType | type) -> None:
    """Reject hook specifications that cannot be added.

    Args:
        manager: The plugin manager.
        namespace: The module or class with the specifications.

    Raises:
        ValueError: If it has none, if one of the hooks exists already, or a `result_type` cannot be imported.
    """
    where = name_of_namespace(namespace)
    options = {name: manager.parse_hookspec_opts(namespace, name) for name in dir(namespace)}
    marked = [name for name, found in options.items() if found is not None]
    if not marked:
        raise ValueError(f"{where} specifies no hook. Mark each function that specifies one with @hookspec.")
    callers = {name: getattr(manager.hook, name, None) for name in marked}
    known = [
        f"{name!r} of {name_of_namespace(caller.spec.namespace)}"
        for name, caller in callers.items()
        if caller is not None and caller.spec is not None
    ]
    if known:
        raise ValueError(
            f"{where} specifies hooks that exist already: {', '.join(known)}. Begin the names of hooks with "
            "that of the plugin, and add specifications once."
        )
    if namespace is not specs:  # whose types are imported when they are needed
        for name, found in options.items():
            if found is not None:
                _check_result_type(name, found.get("result_type"))


def _check_result_type(hook: str, result_type: object) -> None:
    try:
        import_string(str(result_type)) if result_type else None
    except ImportError as error:
        reason = error.__cause__ or getattr(error, "exception", error)
        raise ValueError(
            f"The hook {hook!r} has the result_type {result_type!r}, which cannot be imported: {reason}."
        ) from error


def _version_of(caller: pluggy.HookCaller, records: Mapping[str, PluginRecord]) -> str:
    """Return the version of the distribution that specifies a hook; empty if it is unknown."""
    namespace = caller.spec.namespace if caller.spec else None
    if namespace is specs:
        return cocopot_version()
    top = name_of_namespace(namespace).partition(".")[0]
    plugins = (record for record in records.values() if record.origin == "plugin")
    return next((plugin.version for plugin in plugins if plugin.candidate.top_module == top), "")


def _error(
    candidate: Candidate, problem: str, reason: PluginErrorReason, impl: pluggy.HookImpl, hook: str
) -> PluginError:
    return candidate.error(problem, reason=reason, hook=hook, place=locate(impl.function))


def _describe_wrapper_misfit(impl: pluggy.HookImpl, caller: pluggy.HookCaller, kind: str) -> str | None:
    """Return why an implementation cannot be a wrapper; `None` if it can, or is not a wrapper."""
    if not is_wrapper(impl):
        return None
    if caller.is_historic():
        return (
            "cannot have wrappers, because it is called for each plugin separately, also for those that are "
            "registered later. Remove wrapper=True and the `yield`; tryfirst=True or trylast=True move the "
            "implementation before or after the others."
        )
    if kind != "generator":
        return "is implemented by a wrapper that is not a generator function: it must yield once."
    if impl.wrapper and impl.hookwrapper:
        return "is implemented with wrapper=True and hookwrapper=True, which exclude each other."
    return None


def _describe_misfit(impl: pluggy.HookImpl, caller: pluggy.HookCaller) -> str | None:
    """Return why a call could not pass the arguments of an implementation; `None` if it could."""
    code = code_of(impl.function)
    if caller.spec is None or code is None:
        return None
    known = (*caller.spec.argnames, *caller.spec.kwargnames)
    return next(_misfits(impl, code, known), None)


def _misfits(impl: pluggy.HookImpl, code: CodeType, known: Sequence[str]) -> Iterator[str]:
    if (problem := _describe_self(impl, code, known)) is not None:
        yield problem
    if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        yield (
            "is implemented with *args or **kwargs, which would get nothing, because arguments are passed by "
            f"their names; it has {_list(known)}."
        )
    only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    own = getattr(unwrapped(impl.function), "__kwdefaults__", None) or {}
    # A default whose name begins with an underscore is the implementation's own, such as a cache.
    optional = [name for name in (*impl.kwargnames, *own) if not name.startswith("_")]
    for name in (*impl.argnames, *(name for name in only if name not in own), *optional):
        if name not in known:
            yield f"has no argument {name!r}; it has {_list(known)}. {did_you_mean(name, known)}".rstrip()
        elif name in only:
            yield f"is implemented with the keyword-only argument {name!r}. Remove the `*` before it."
    if any(name in impl.kwargnames for name in code.co_varnames[: code.co_posonlyargcount]):
        yield "is implemented with a positional-only argument that has a default. Remove the `/`."
    if hasattr(impl.function, "__wrapped__"):
        yield from _misfits_of_decorated(impl)


def _describe_self(impl: pluggy.HookImpl, code: CodeType, known: Sequence[str]) -> str | None:
    """Return what is wrong with the first argument of a method, which is the plugin itself."""
    first = next(iter(code.co_varnames[: code.co_argcount]), None)
    if isinstance(impl.function, MethodType):
        if (first is None and not code.co_flags & inspect.CO_VARARGS) or first in known:
            arguments = ", ".join(("self", *code.co_varnames[: code.co_argcount]))
            return (
                "is implemented by a method without `self`, whose first argument would be the plugin. "
                f"Write def {code.co_name}({arguments})."
            )
    elif isinstance(impl.plugin, type) and first in ("self", "cls"):
        return (
            "is implemented by a method, and the class itself is registered. Register an instance: "
            f"register({impl.plugin.__name__}())."
        )
    elif first == "self" and first not in impl.argnames:  # pluggy takes it for that of a method
        return "is implemented with `self`, but is not a method: nothing would be passed for it. Remove it."
    return None


def _misfits_of_decorated(impl: pluggy.HookImpl) -> Iterator[str]:
    """Return why a decorated function cannot take the arguments of the function that it wraps."""
    try:
        inspect.signature(impl.function, follow_wrapped=False).bind(*impl.argnames)
    except TypeError as error:
        arguments = ", ".join(impl.argnames) or "none"
        yield f"is implemented by a decorated function that cannot take its arguments, {arguments}: {error}."


def _list(names: Sequence[str]) -> str:
    return f"the argument{'s' if len(names) > 1 else ''} {', '.join(names)}" if names else "none"


def check_hooks(manager: PluginManager, record: PluginRecord, known: frozenset[str]) -> None:
    """Reject implementations of hooks without a specification, and functions that lack the mark.

    Args:
        manager: The plugin manager.
        record: The plugin.
        known: The hooks that have a specification.

    Raises:
        PluginError: If a plugin has any.
    """
    callers = vars(manager.hook)
    for caller in [callers[name] for name in callers.keys() - known]:
        impls = caller.get_hookimpls()
        unknown = [impl for impl in impls if impl.plugin is record.plugin and not impl.optionalhook]
        if unknown:
            hint = did_you_mean(caller.name, known, f"Hooks are: {', '.join(sorted(known))}.")
            raise record.candidate.error(
                f"implements {caller.name!r}, which is not a hook. {hint}",
                reason="unknown-hook",
                hook=caller.name,
                place=locate(unknown[0].function),
            )
    for name in dir(record.plugin):
        _check_attribute(manager, record, name, name in known)


def _check_attribute(manager: PluginManager, record: PluginRecord, name: str, is_hook: bool) -> None:
    """Reject an attribute that is not an implementation, but is named or marked as one."""
    value = static_attribute(record.plugin, name)
    function = value.__func__ if type(value) in (staticmethod, classmethod) else value
    # None disables the hook of a base class.
    is_named = is_hook and function is not None and function is not MISSING
    if not (is_named or manager.is_marked(function)) or manager.parse_hookimpl_opts(record.plugin, name):
        return
    if hasattr(function, f"{manager.project_name}_spec"):  # the plugin specifies the hook itself
        return
    if inspect.isfunction(function):
        problem = f"has a function {name!r} without the mark @cocopot.hookimpl, so it would never run."
    elif is_named:
        problem = (
            f"has a {type(function).__name__} {name!r} and no function with that name, so it would never run."
        )
    else:
        problem = f"has a {type(function).__name__} {name!r} with the mark @hookimpl, which is for functions."
    place = locate(function) if inspect.isfunction(function) else None
    raise record.candidate.error(problem, reason="unmarked", hook=name if is_hook else None, place=place)


def specifications_of(callers: Mapping[str, pluggy.HookCaller]) -> dict[str, Callable[..., object]]:
    """Return the specification of each hook, by name, in the order of the contract, as functions.

    Args:
        callers: What calls each hook, by the hook's name.
    """
    specified = {name: caller.spec for name, caller in list(callers.items()) if caller.spec}
    places = {specification.__name__: place for place, specification in enumerate(specs.CONTRACT)}

    def rank(name: str) -> tuple[bool, str, int]:
        spec = specified[name]
        if spec.namespace is specs:
            return False, "", places[name]
        return True, name_of_namespace(spec.namespace), inspect.unwrap(spec.function).__code__.co_firstlineno

    return {name: specified[name].function for name in sorted(specified, key=rank)}
