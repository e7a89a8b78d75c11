"""Properties of a function: its name, and whether a call runs its code."""

from __future__ import annotations

import functools
import inspect
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

from cocopot.locations import at_place, locate

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

P = ParamSpec("P")
R = TypeVar("R")

#: What a call of a function does: run its code, or only create an object that nothing would run.
FunctionKind = Literal["plain", "generator", "coroutine", "asynchronous generator"]

#: The type of a function with `functools.cache`, whose call is a call of the function.
_CACHED = type(functools.cache(len))
_NOT_PLAIN = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_GENERATOR


def function_kind(function: object) -> FunctionKind:
    """Return what a call of a function does.

    A decorator that calls the function in a function of its own decides itself: what it returns is inspected,
    not what it wraps.

    Args:
        function: A function, a method, a `functools.partial`, or an object with `__call__`.
    """
    # What marks a function as a coroutine function, and what a decorator adds, begins with an underscore.
    # Requests ask for that of `after_this_request`, and the start for that of each implementation of a hook.
    usual = function.__func__ if type(function) is MethodType else function
    if isinstance(usual, FunctionType) and not usual.__code__.co_flags & _NOT_PLAIN:
        attributes = vars(usual)
        if not attributes or not any(name.startswith("_") for name in attributes):
            return "plain"
    for candidate in (function, called_function(function)):
        if inspect.iscoroutinefunction(candidate):
            return "coroutine"
        if inspect.isasyncgenfunction(candidate):
            return "asynchronous generator"
        if inspect.isgeneratorfunction(candidate):
            return "generator"
    return "plain"


def called_function(function: object) -> object:
    """Return the function whose code a call runs: without partials, methods, and objects with `__call__`."""
    for _ in range(20):  # an object may be its own `__call__`
        if isinstance(function, (functools.partial, functools.partialmethod)):
            function = function.func
        elif isinstance(function, (MethodType, staticmethod, classmethod)):
            function = function.__func__
        elif type(function) is _CACHED:
            function = vars(function)["__wrapped__"]
        elif hasattr(type(function), "__code__") or isinstance(function, type):
            break
        else:
            call = inspect.getattr_static(type(function), "__call__", None)
            if not isinstance(
                call, (FunctionType, MethodType, staticmethod, classmethod, functools.partialmethod)
            ):
                break
            function = call
    return function


def unwrapped(function: Any) -> Any:
    """Return the function inside all decorators, as `inspect.unwrap` does; most functions as they are."""
    return inspect.unwrap(function) if hasattr(function, "__wrapped__") else function


def code_of(function: object) -> CodeType | None:
    """Return the code of the function whose parameters pluggy reads, inside all decorators."""
    code: object = getattr(unwrapped(function), "__code__", None)
    return code if inspect.iscode(code) else None


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that rejects what a decorator returns without running it; most functions as they are.

    Only a decorated function needs it, whose decorator may return the generator or coroutine of the function
    that it wraps.
    """
    inner = unwrapped(function)
    if inner is function or function_kind(function) != "plain" or function_kind(inner) == "plain":
        return function
    code = code_of(inner)

    def call(*args: object, **kwargs: object) -> object:
        result = function(*args, **kwargs)
        if code is not None and code in (getattr(result, "gi_code", None), getattr(result, "cr_code", None)):
            result.close()
            raise TypeError(
                f"{name_of(inner)} has a `yield` or `async`, and its decorator returns what a call makes, "
                f"so that none of its code runs.{at_place(locate(inner))}"
            )
        return result

    return call


def name_of(function: object) -> str:
    """Return module and qualified name of a function, for lists."""
    function = getattr(function, "func", function)  # functools.partial
    module = getattr(function, "__module__", None) or type(function).__module__
    return f"{module}.{getattr(function, '__qualname__', type(function).__qualname__)}"


def takes_function(decorator: Callable[P, R]) -> Callable[P, R]:
    """Return a method that is a decorator without arguments, and rejects parentheses behind its name.

    Args:
        decorator: The method; after `self` it takes the function.
    """

    @functools.wraps(decorator)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if len((*args, *kwargs)) == 1:  # only `self`
            name = decorator.__name__
            raise TypeError(f"@{name} takes no arguments. Remove the parentheses: @{name}, not @{name}().")
        return decorator(*args, **kwargs)

    return checked


def check_function(
    usage: str, function: object, *, may_yield: bool = False, may_await: bool = False
) -> FunctionKind:
    """Reject a function that a decorator could register, and that would never run.

    Args:
        usage: What it is registered as, such as `"@before_request"`.
        function: The function.
        may_yield: Whether it may be a generator function, because an iterator is a response.
        may_await: Whether it may be a coroutine function.

    Returns:
        What a call of it does.

    Raises:
        TypeError: If it is not callable, or a coroutine or generator function that it may not be.
    """
    if not callable(function):
        raise TypeError(f"{usage} takes a function, not {function!r:.100}.")
    kind = function_kind(function)
    if kind == "coroutine" and not may_await:
        problem = (
            "is declared with `async def`, and would never be awaited: it may be called where a coroutine "
            "runs, which a plain function cannot wait for. Write it with `def`."
        )
    elif "generator" in kind and not may_yield:
        problem = (
            "has a `yield`, so that calling it would run none of its code. Remove the `yield`; for code "
            "before and after, mark a method of a plugin with @hookimpl(wrapper=True)."
        )
    else:
        return kind
    where = at_place(locate(function))
    raise TypeError(f"{usage}: the function {name_of(function)} {problem}{where}")
