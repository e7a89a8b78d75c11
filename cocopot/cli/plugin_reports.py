"""Reports about plugins and the order in which they run, as plain data for people and programs."""

from __future__ import annotations

import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from cocopot.exceptions import PluginError
from cocopot.hooks.advice import environment_warnings, plugin_warnings
from cocopot.hooks.candidates import installed, unreadable
from cocopot.hooks.contract import check_hooks
from cocopot.hooks.declarations import name_in
from cocopot.hooks.distributions import misspelled_groups
from cocopot.hooks.source import function_of, name_of_namespace
from cocopot.locations import locate
from cocopot.registry.error_handlers import ErrorHandlers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pluggy

    from cocopot.hooks.candidates import Candidate
    from cocopot.hooks.manager import PluginManager
    from cocopot.hooks.records import Origin
    from cocopot.hooks.source import Kind
    from cocopot.locations import SourceLocation

T = TypeVar("T")

#: Where a plugin comes from: an installed distribution, `plugins=` of the application, or `register`.
Source = Literal["installed", "passed", "registered"]


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """The failure of a plugin.

    Args:
        message: Text of the `PluginError`.
        cause: Class and text of the exception behind it; `None` if there is none.
        hook: The hook that is concerned, if there is one.
        traceback: The exception, and those behind it, as Python prints them.
    """

    message: str
    cause: str | None
    hook: str | None
    traceback: str


@dataclass(frozen=True, slots=True)
class PluginReport:
    """Report about one plugin.

    Args:
        name: Its name.
        state: `"loaded"` (or `"installed"` without an application), `"failed"`, `"disabled"`,
            `"not selected"`, `"replaced"` by an object that the application passes, or `"unregistered"` by
            the application.
        reason: The cause of that state, such as `"by COCOPOT_DISABLE_PLUGINS"`; may be empty.
        position: Its position in the load order, from 1; `None` if it is not loaded.
        source: Where it comes from; `None` if that is unknown, as of a name that is not installed.
        distribution: Name of its distribution; `None` if there is none.
        version: Version of its distribution; `None` if there is none.
        entry_point: Value of its entry point; `None` if there is none.
        place: Where its module or class is; `None` if that is unknown, or not imported.
        requires: The plugins that it requires, each with the versions that it names.
        after: The plugins after which it is loaded if they are loaded; likewise.
        before: The plugins before which it is loaded if they are loaded; likewise.
        ordered_after: The plugin after which the operator's order puts it; `None` if there is none.
        hooks: The hooks that it implements, in the order of the contract; empty if it is not imported.
        error: Why it failed; `None` if it did not.
        warnings: What its author or the operator probably did not mean, each as a predicate.
    """

    name: str
    state: str
    reason: str
    position: int | None
    source: Source | None
    distribution: str | None
    version: str | None
    entry_point: str | None
    place: SourceLocation | None = None
    requires: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    ordered_after: str | None = None
    hooks: tuple[str, ...] = ()
    error: ErrorReport | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Implementation:
    """One implementation of a hook.

    Args:
        name: The plugin, or the function of the application.
        origin: Whether a plugin, the application or Cocopot itself registered it.
        marks: Of `"wrapper"`, `"old-style wrapper"`, `"tryfirst"` and `"trylast"` those that it has.
        distribution: Name of the distribution; `None` if there is none.
        version: Version of the distribution; `None` if there is none.
        blueprint: The blueprint whose endpoints alone it serves; `None` for all.
        place: Where it is defined; `None` if that is unknown.
    """

    name: str
    origin: Origin
    marks: tuple[str, ...]
    distribution: str | None
    version: str | None
    blueprint: str | None
    place: SourceLocation | None


@dataclass(frozen=True, slots=True)
class HookReport:
    """One hook, and what runs when it is called.

    Args:
        name: Its name.
        kind: How results are used: `"all"`, `"first"`, `"threaded"` or `"every"`.
        threaded: With `"threaded"`, the argument that each result replaces for the next implementation.
        order: `"in"`, `"out"`, or `None` for pluggy's own.
        specified_in: The module or class that specifies it; `None` if it has no specification.
        implementations: In the order in which they run, wrappers first.
    """

    name: str
    kind: Kind
    threaded: str | None
    order: Literal["in", "out"] | None
    specified_in: str | None
    implementations: tuple[Implementation, ...]


# -------------------------------------------------------------------------
# Plugins
# -------------------------------------------------------------------------


def report_plugins(manager: PluginManager, registered: str = "loaded") -> list[PluginReport]:
    """Return every plugin that is installed, was passed to the application, or is registered.

    A distribution whose entry points cannot be read, or are in a misspelled group, is reported in place of
    its plugins.

    Imports nothing: the hooks and needs of a plugin that is not loaded are reported only if its module has
    been imported.

    Args:
        manager: The plugin manager, with its plugins loaded.
        registered: The state of a plugin that is registered.

    Returns:
        Those that are registered in load order, then the others by name.
    """
    errors = {**manager.failed, **_late_errors(manager)}
    records = manager.records("plugin")
    positions = {id(record.candidate): number for number, record in enumerate(records, 1)}
    known = {id(candidate): candidate for candidate in (*manager.explicit_plugins, *installed())}
    known |= {id(record.candidate): record.candidate for record in records}
    found = [
        _report_plugin(manager, candidate, errors, registered, positions.get(key))
        for key, candidate in known.items()
    ]
    missing = errors.keys() - {report.name for report in found}
    found += [_report_missing(name, errors[name]) for name in missing]
    found += [_report_unreadable(manager, error) for error in (*unreadable(), *misspelled_groups())]
    return sorted(found, key=lambda report: (report.position or sys.maxsize, report.name))


def _late_errors(manager: PluginManager) -> Mapping[str, PluginError]:
    """Return the errors of plugins that were registered after the others had been checked."""
    errors: dict[str, PluginError] = {}
    known = manager.specified_hooks()
    for record in manager.records("plugin"):
        try:
            check_hooks(manager, record, known)
        except PluginError as error:
            errors[record.name] = error
    return errors


def _report_plugin(
    manager: PluginManager,
    candidate: Candidate,
    errors: Mapping[str, PluginError],
    registered: str,
    position: int | None,
) -> PluginReport:
    state, reason = _state(manager, candidate, errors, registered, position)
    target = _imported(candidate) if position is None else manager.records_by_name[candidate.name].plugin
    return PluginReport(
        candidate.name,
        state,
        reason,
        position,
        _source(manager, candidate),
        candidate.distribution or None,
        candidate.version or None,
        candidate.value or None,
        None if target is None else _inspect(locate, target, None),
        _inspect(_names, target, (), "requires"),
        _inspect(_names, target, (), "after"),
        _inspect(_names, target, (), "before"),
        manager.selection.ordered_after(candidate.name, manager.records_by_name),
        _inspect(_hooks, target, (), manager),
        _report_error(errors[candidate.name]) if state == "failed" else None,
        () if position is None else _warnings(manager, candidate, target),
    )


def _warnings(manager: PluginManager, candidate: Candidate, plugin: object) -> tuple[str, ...]:
    known = {
        other.name for other in (*installed(), *manager.explicit_plugins)
    } | manager.records_by_name.keys()
    named = {
        attribute: [name_in(text) for text in _inspect(_names, plugin, tuple[str, ...](), attribute)]
        for attribute in ("after", "before")
    }
    return (
        *plugin_warnings(manager, candidate, plugin, manager.specified_hooks()),
        *environment_warnings(candidate, named, known),
    )


def _state(
    manager: PluginManager,
    candidate: Candidate,
    errors: Mapping[str, PluginError],
    registered: str,
    position: int | None,
) -> tuple[str, str]:
    """Return the state of a plugin, and its cause."""
    if position is None:
        given_names = {other.name for other in manager.explicit_plugins}
        if (why := manager.selection.rejection_reason(candidate, given_names)) is not None:
            return why
    if candidate.name in errors:
        return "failed", ""
    return (registered, "") if position is not None else ("unregistered", "by the application")


def _source(manager: PluginManager, candidate: Candidate) -> Source:
    if candidate.entry_point is not None:
        return "installed"
    return "passed" if candidate in manager.explicit_plugins else "registered"


def _imported(candidate: Candidate) -> object | None:
    """Return the plugin of a candidate, if it has been imported."""
    if candidate.entry_point is None:
        return candidate.explicit
    with suppress(Exception):  # a broken entry point has nothing to show
        if candidate.entry_point.module in sys.modules:
            return candidate.entry_point.load()  # type: ignore[no-any-return]  # it may be anything
    return None


def _inspect(function: Callable[..., T], target: object, default: T, *args: object) -> T:
    """Return the result of a function for a plugin, or a default: what failed to load may fail again."""
    with suppress(Exception):
        return function(target, *args)
    return default


def _names(target: object, attribute: str) -> tuple[str, ...]:
    names = getattr(target, attribute, ())
    return tuple(str(name) for name in names) if isinstance(names, (tuple, list)) else ()


def _hooks(target: object, manager: PluginManager) -> tuple[str, ...]:
    return tuple(_in_contract_order(manager, {name for name, _ in manager.implementations_in(target)}))


def _report_missing(name: str, error: PluginError) -> PluginReport:
    return PluginReport(name, "failed", "", None, None, None, None, None, error=_report_error(error))


def _report_unreadable(manager: PluginManager, error: PluginError) -> PluginReport:
    selection, name = manager.selection, str(error.distribution)
    state, reason = (
        ("failed", "") if selection.allowed is None else ("not selected", f"by {selection.allowed_by}")
    )
    found = _report_error(error)
    return PluginReport(name, state, reason, None, "installed", name, error.version, None, error=found)


def _report_error(error: PluginError) -> ErrorReport:
    cause = error.__cause__
    return ErrorReport(
        str(error),
        None if cause is None else f"{type(cause).__name__}: {cause}",
        error.hook,
        "".join(traceback.format_exception(error)),
    )


# -------------------------------------------------------------------------
# Hooks
# -------------------------------------------------------------------------


def report_hooks(manager: PluginManager, scopes: Sequence[str] | None = None) -> list[HookReport]:
    """Return every hook with its implementations, in the order of the contract.

    The hooks that plugins specify come after Cocopot's; last those without a specification.

    Args:
        manager: The plugin manager.
        scopes: The blueprints of an endpoint, to skip the implementations of others; `None` for all.
    """
    return [_report_hook(manager, name, scopes) for name in _in_contract_order(manager, vars(manager.hook))]


def _report_hook(manager: PluginManager, name: str, scopes: Sequence[str] | None) -> HookReport:
    spec = getattr(manager.hook, name).spec
    options: Mapping[str, object] = {} if spec is None else spec.opts
    return HookReport(
        name,
        manager.kind(name),
        options.get("threaded"),  # type: ignore[arg-type]  # what the marker put there
        options.get("order"),  # type: ignore[arg-type]  # likewise
        None if spec is None else name_of_namespace(spec.namespace),
        tuple(
            implementation
            for impl in manager.call_order(name, scopes)
            for implementation in _report_implementations(manager, impl, scopes)
        ),
    )


def _report_implementations(
    manager: PluginManager, impl: pluggy.HookImpl, scopes: Sequence[str] | None
) -> list[Implementation]:
    """Return an implementation, or the error handlers that are called as one implementation."""
    if isinstance(impl.plugin, ErrorHandlers):
        return [
            Implementation(entry.name, "application", (), None, None, entry.scope, locate(entry.handler))
            for entry in impl.plugin.entries()
            if scopes is None or entry.scope is None or entry.scope in scopes
        ]
    record = manager.records_by_name[impl.plugin_name]
    marks = {
        "wrapper": impl.wrapper,
        "old-style wrapper": impl.hookwrapper,
        "tryfirst": impl.tryfirst,
        "trylast": impl.trylast,
    }
    return [
        Implementation(
            record.name,
            record.origin,
            tuple(mark for mark, is_set in marks.items() if is_set),
            record.distribution or None,
            record.version or None,
            record.scope,
            locate(function_of(impl)),
        )
    ]


def _in_contract_order(manager: PluginManager, names: Iterable[str]) -> list[str]:
    """Return names of hooks in the order of their specifications; those without one come last."""
    ranks = {name: rank for rank, name in enumerate(manager.specifications())}
    return sorted(names, key=lambda name: (ranks.get(name, len(ranks)), name))
