"""The marks on functions: this one implements a hook, that one specifies it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from inspect import CO_VARARGS, CO_VARKEYWORDS
from itertools import pairwise
from types import (
    ClassMethodDescriptorType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    WrapperDescriptorType,
)
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import pluggy

from cocopot.functions import code_of, function_kind
from cocopot.suggestions import close_name, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROJECT_NAME = "cocopot"

F = TypeVar("F", bound=Callable[..., Any])


class HookimplMarker:
    """Marks a function as the implementation of a hook, as pluggy's marker does, and checks the options.

    Example:
        ```python
        from cocopot import hookimpl

        class Timing:
            @hookimpl(wrapper=True)
            def cocopot_dispatch_request(self, request):
                return (yield)
        ```
    """

    def __init__(self, project_name: str) -> None:
        self.project_name = project_name
        self._mark = pluggy.HookimplMarker(project_name)

    @overload
    def __call__(
        self,
        function: F,
        *,
        hookwrapper: bool = ...,
        optionalhook: bool = ...,
        tryfirst: bool = ...,
        trylast: bool = ...,
        specname: str | None = ...,
        wrapper: bool = ...,
    ) -> F: ...

    @overload
    def __call__(
        self,
        function: None = ...,
        *,
        hookwrapper: bool = ...,
        optionalhook: bool = ...,
        tryfirst: bool = ...,
        trylast: bool = ...,
        specname: str | None = ...,
        wrapper: bool = ...,
    ) -> Callable[[F], F]: ...

    def __call__(
        self,
        function: F | None = None,
        *,
        hookwrapper: bool = False,
        optionalhook: bool = False,
        tryfirst: bool = False,
        trylast: bool = False,
        specname: str | None = None,
        wrapper: bool = False,
        **unknown: object,
    ) -> F | Callable[[F], F]:
        """Mark `function`, or return a decorator that does.

        Args:
            function: The implementation.
            hookwrapper: Whether it is an old-style wrapper, whose `yield` returns a `pluggy.Result`.
            optionalhook: Whether the hook need not have a specification.
            tryfirst: Whether it runs before the others.
            trylast: Whether it runs after the others.
            specname: The hook's name; by default the function's.
            wrapper: Whether it is a wrapper: code around a `yield`, which returns the result of the others.
            unknown: Rejected.

        Raises:
            TypeError: If `function` is not a function, or for an unknown option.
            ValueError: For options that exclude each other.
        """
        known = ("wrapper", "tryfirst", "trylast", "specname", "optionalhook", "hookwrapper")
        _reject_unknown("hookimpl", unknown, known)
        if tryfirst and trylast:
            raise ValueError("hookimpl: tryfirst and trylast exclude each other; remove one of them.")
        if wrapper and hookwrapper:
            raise ValueError(
                "hookimpl: wrapper and hookwrapper exclude each other; remove hookwrapper, the old style."
            )

        def mark(function: F) -> F:
            _check_is_function("hookimpl", function, "Mark each method that implements a hook.")
            return self._mark(function, hookwrapper, optionalhook, tryfirst, trylast, specname, wrapper)

        return mark if function is None else mark(function)


#: Marks a function as the implementation of the hook of its name.
hookimpl = HookimplMarker(PROJECT_NAME)


def _reject_unknown(marker: str, unknown: Iterable[str], known: Iterable[str]) -> None:
    for name in unknown:
        hint = did_you_mean(name, known, f"Options are: {', '.join(known)}.")
        raise TypeError(f"{marker} has no option {name!r}. {hint}")


def _check_is_function(marker: str, function: object, cure: str) -> None:
    """Reject what cannot be marked: pluggy would not find it, or could not set its mark.

    Raises:
        TypeError: If it is anything but a function, a `staticmethod` or a `classmethod`.
    """
    inner = function.__func__ if isinstance(function, (staticmethod, classmethod)) else function
    if inspect.isfunction(inner):
        return
    if isinstance(inner, str):
        cure = f"The hook's name is an option: @{marker}(specname={inner!r})."
    elif isinstance(inner, property):
        cure = "A property is never called as a hook: mark a method."
    what = f"the class {inner.__qualname__}" if isinstance(inner, type) else f"a {type(inner).__qualname__}"
    raise TypeError(f"@{marker} marks a function that is defined with `def`, not {what}. {cure}")


class HookspecMarker:
    """Marks a function as the specification of a hook, with the options that pluggy does not have.

    Example:
        ```python
        from cocopot import hookspec

        @hookspec(order="out")
        def session_saved(session): ...
        ```
    """

    def __init__(self, project_name: str) -> None:
        self.project_name = project_name
        self._mark = pluggy.HookspecMarker(project_name)

    @overload
    def __call__(self, function: F) -> F: ...

    @overload
    def __call__(
        self,
        *,
        firstresult: bool = ...,
        historic: bool = ...,
        order: Literal["in", "out"] | None = ...,
        threaded: str | None = ...,
        result_type: str | None = ...,
        every: bool = ...,
        since: str | None = ...,
        deprecated: str | None = ...,
        removed: str | None = ...,
        instead: str | None = ...,
        warn_on_impl: Warning | None = ...,
        warn_on_impl_args: Mapping[str, Warning] | None = ...,
    ) -> Callable[[F], F]: ...

    def __call__(
        self,
        function: F | None = None,
        *,
        firstresult: bool = False,
        historic: bool = False,
        order: Literal["in", "out"] | None = None,
        threaded: str | None = None,
        result_type: str | None = None,
        every: bool = False,
        since: str | None = None,
        deprecated: str | None = None,
        removed: str | None = None,
        instead: str | None = None,
        warn_on_impl: Warning | None = None,
        warn_on_impl_args: Mapping[str, Warning] | None = None,
        **unknown: object,
    ) -> F | Callable[[F], F]:
        """Mark `function`, or return a decorator that does.

        Args:
            function: The specification; its arguments are those that implementations may have.
            firstresult: Stop at the first result that is not `None`, and return it.
            historic: Remember calls, and replay them to plugins that are registered later.
            order: `"in"`, `"out"`, or `None` for pluggy's own order (last registered first).
            threaded: Name of the argument that each implementation's result replaces for the next one.
            result_type: What a result must be an instance of, as `"module:name"`.
            every: Run every implementation even if some raise, then raise the errors together.
            since: Version of the distribution that specifies the hook, in which it was added.
            deprecated: Version in which it was deprecated: implementing it is a `DeprecationWarning`.
            removed: Version in which it is removed: from then on, implementing it is an error.
            instead: What to use in its place, as a sentence.
            warn_on_impl: As in pluggy.
            warn_on_impl_args: As in pluggy.
            unknown: Rejected.

        Raises:
            TypeError: If `function` is not a plain function, or for an unknown option.
            ValueError: For an invalid option, or options that exclude each other.
        """
        _reject_unknown("hookspec", unknown, _HOOKSPEC_OPTIONS)
        kinds = {"firstresult": firstresult, "historic": historic, "threaded": threaded, "every": every}
        _check_hookspec_options(
            [name for name, value in kinds.items() if value not in (None, False)], order, result_type
        )
        _check_types(
            historic=historic, firstresult=firstresult, every=every, threaded=threaded, instead=instead
        )
        versions = _check_versions(since=since, deprecated=deprecated, removed=removed)
        if instead is not None and deprecated is None:
            raise ValueError("hookspec: instead is for a hook that is deprecated; pass deprecated, too.")

        def mark(function: F) -> F:
            _check_specification(function, threaded)
            self._mark(function, firstresult, historic, warn_on_impl, warn_on_impl_args)
            options = getattr(function, f"{self.project_name}_spec")
            options.update(order=order, threaded=threaded, result_type=result_type, every=every)
            options.update(versions, instead=instead)
            return function

        return mark if function is None else mark(function)


#: A version that `since`, `deprecated` and `removed` may name.
_VERSION = r"\d+(\.\d+)*"
_HOOKSPEC_OPTIONS = (
    "firstresult",
    "historic",
    "order",
    "threaded",
    "result_type",
    "every",
    "since",
    "deprecated",
    "removed",
    "instead",
    "warn_on_impl",
    "warn_on_impl_args",
)


def _check_hookspec_options(kinds: list[str], order: object, result_type: str | None) -> None:
    if len(kinds) > 1:
        raise ValueError(
            f"hookspec: {' and '.join(kinds)} exclude each other; firstresult, historic, threaded and every "
            "are the kinds of a hook, of which it has one."
        )
    if order not in ("in", "out", None):
        raise ValueError(
            f"hookspec: order is {order!r}. {did_you_mean(str(order), ('in', 'out'), '')}".rstrip()
            + " It is 'in' (load order), 'out' (reverse load order), or None (last registered first)."
        )
    if result_type is not None and (kinds in (["historic"], ["every"]) or ":" not in result_type):
        raise ValueError(
            f"hookspec: result_type is {result_type!r}. It is 'module:name', and only for hooks whose "
            "results are used, not with historic or every."
        )


def _check_types(*, threaded: object, instead: object, **flags: object) -> None:
    """Raise a `TypeError` for options that are of another type, and would be ignored or misunderstood."""
    for option, flag in flags.items():
        if not isinstance(flag, bool):
            raise TypeError(f"hookspec: {option} is {flag!r}; it is True or False.")
    if threaded is not None and not isinstance(threaded, str):
        raise TypeError(f"hookspec: threaded is {threaded!r}; it is the name of an argument.")
    if instead is not None and not (isinstance(instead, str) and instead.strip()):
        raise TypeError(f"hookspec: instead is {instead!r}; it is a sentence with what to use in its place.")


def _check_versions(**versions: str | None) -> Mapping[str, str | None]:
    values: Mapping[str, object] = versions
    for option, version in values.items():
        if version is not None and not (isinstance(version, str) and re.fullmatch(_VERSION, version)):
            raise ValueError(f"hookspec: {option} is {version!r}; it is a version, such as '1.2'.")
    if (versions["deprecated"] is None) != (versions["removed"] is None):
        raise ValueError(
            "hookspec: deprecated and removed belong together: the version that deprecates a hook, and the "
            "one that removes it."
        )
    given = [
        (option, str(versions[option])) for option in ("since", "deprecated", "removed") if versions[option]
    ]
    for (option, version), (later, other) in pairwise(given):
        if [*map(int, version.split("."))] >= [*map(int, other.split("."))]:
            raise ValueError(f"hookspec: {later} is {other!r}, and must be later than {option}, {version!r}.")
    return versions


def _check_specification(function: object, threaded: str | None) -> None:
    """Reject a specification that no implementation could fit.

    Raises:
        TypeError: If it is not a plain function.
        ValueError: If it lacks the argument that `threaded` names.
    """
    _check_is_function("hookspec", function, "Mark each function that specifies a hook.")
    if function_kind(function) != "plain":
        raise TypeError(
            "@hookspec marks a plain function: a specification is never called, so that it needs neither "
            "`async` nor `yield`; implementations may be wrappers."
        )
    code = code_of(function)
    names = code.co_varnames[: code.co_argcount] if code is not None else ()
    if code is not None and (code.co_kwonlyargcount or code.co_flags & (CO_VARARGS | CO_VARKEYWORDS)):
        raise ValueError(
            "hookspec: the function has arguments after a star, which no implementation could have. Hooks "
            "are called by name; write each argument without a star."
        )
    if threaded is not None and threaded not in names:
        close = close_name(threaded, names)
        hint = f"did you mean {close!r}?" if close else f"it has {', '.join(names) or 'none'}."
        raise ValueError(f"hookspec: threaded={threaded!r} is not an argument of the function; {hint}")


#: Marks a function as the specification of a hook.
hookspec = HookspecMarker(PROJECT_NAME)

# -------------------------------------------------------------------------
# Finding marks
# -------------------------------------------------------------------------

#: What `static_attribute` returns if the attribute is missing.
MISSING = object()
#: The types of what every class inherits from `object`; written in C, it cannot carry a mark.
_SLOT_WRAPPER_TYPES = frozenset(
    {WrapperDescriptorType, MethodDescriptorType, ClassMethodDescriptorType, GetSetDescriptorType}
)


def static_attribute(plugin: object, name: str) -> Any:
    """Return an attribute of a plugin or of its class without running the plugin's code.

    Args:
        plugin: A module, a class, or an instance.
        name: Name of an attribute.

    Returns:
        What is there before it is bound, so that a method is a function; `MISSING` if nothing is there.
    """
    own = getattr(plugin, "__dict__", {})
    if name in own:
        return own[name]
    for cls in (plugin if isinstance(plugin, type) else type(plugin)).__mro__:
        if name in cls.__dict__:
            return cls.__dict__[name]
    return MISSING


def own_attributes(value: object) -> Mapping[str, object]:
    """Return the attributes of an object itself without running its code, such as that of a proxy."""
    for cls in type(value).__mro__:
        if (attributes := cls.__dict__.get("__dict__")) is not None:
            is_plain = type(attributes) in (GetSetDescriptorType, MemberDescriptorType)
            return attributes.__get__(value) if is_plain else {}
    return {}


def can_carry_hookimpl(value: object) -> bool:
    """Whether a value that `static_attribute` returned can be the implementation of a hook."""
    type_ = type(value)
    if type_ is MethodType or value is MISSING:
        return True
    return hasattr(type_, "__get__") and type_ not in _SLOT_WRAPPER_TYPES
