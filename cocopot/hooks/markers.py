"""The marks on functions: this one implements a hook, that one specifies it."""

from __future__ import annotations

from collections.abc import Callable
from types import (
    ClassMethodDescriptorType,
    GetSetDescriptorType,
    MethodDescriptorType,
    MethodType,
    WrapperDescriptorType,
)
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import pluggy

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT_NAME = "cocopot"

F = TypeVar("F", bound=Callable[..., Any])

#: Marks a function as the implementation of the hook of its name.
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)


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
        warn_on_impl: Warning | None = None,
        warn_on_impl_args: Mapping[str, Warning] | None = None,
    ) -> F | Callable[[F], F]:
        """Mark `function`, or return a decorator that does.

        Args:
            function: The specification; its arguments are those that implementations may have.
            firstresult: Stop at the first result that is not `None`, and return it.
            historic: Remember calls, and replay them to plugins that are registered later.
            order: `"in"`, `"out"`, or `None` for pluggy's own order (last registered first).
            threaded: Name of the argument that each implementation's result replaces for the next one.
            result_type: What a threaded result must be an instance of, as `"module:name"`.
            every: Run every implementation even if some raise, then raise the errors together.
            warn_on_impl: As in pluggy.
            warn_on_impl_args: As in pluggy.

        Raises:
            ValueError: For options that exclude each other.
        """
        if sum((firstresult, historic, threaded is not None, every)) > 1:
            raise ValueError("firstresult, historic, threaded and every exclude each other")

        def mark(function: F) -> F:
            self._mark(
                function,
                firstresult=firstresult,
                historic=historic,
                warn_on_impl=warn_on_impl,
                warn_on_impl_args=warn_on_impl_args,
            )
            options = getattr(function, f"{self.project_name}_spec")
            options.update(order=order, threaded=threaded, result_type=result_type, every=every)
            return function

        return mark if function is None else mark(function)


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


def can_carry_hookimpl(value: object) -> bool:
    """Whether a value that `static_attribute` returned can be the implementation of a hook."""
    type_ = type(value)
    if type_ is MethodType or value is MISSING:
        return True
    return hasattr(type_, "__get__") and type_ not in _SLOT_WRAPPER_TYPES
