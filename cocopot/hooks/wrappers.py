"""What a compiled call does with wrappers: enter them, and resume them with the result or the exception."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from types import CodeType

    from cocopot.hooks.source import Blame

    #: Called with a wrapper, the result with which it has replaced another one, and the request.
    OnChange: TypeAlias = Callable[[pluggy.HookImpl, object, object], object]
    #: What a wrapper function returns: it yields once, and is resumed with the result.
    WrapperGenerator: TypeAlias = Generator[None, object, object]


def is_wrapper(impl: pluggy.HookImpl) -> bool:
    """Return whether an implementation is a wrapper, new style or old style."""
    return impl.wrapper or impl.hookwrapper


def unwind(
    hook: str,
    wrappers: Sequence[pluggy.HookImpl],
    blame: Blame | None,
    on_change: OnChange | None,
    teardowns: list[WrapperGenerator],
    result: object,
    exception: BaseException | None,
    request: object,
    changed: pluggy.HookImpl | None = None,
) -> object:
    """Run the code after the wrappers' `yield`, innermost first, and return or raise the outcome.

    Args:
        hook: The hook's name.
        wrappers: The wrappers.
        blame: Called when an exception leaves a wrapper.
        on_change: Called if a wrapper has replaced the result, with that wrapper.
        teardowns: The generators of the wrappers that have been entered.
        result: The result of what they wrap.
        exception: The exception of what they wrap.
        request: What `on_change` is called with.
        changed: A wrapper that has replaced the result already.
    """
    for index in range(len(teardowns) - 1, -1, -1):
        wrapper = teardowns[index]
        try:
            if exception is None:
                wrapper.send(result)
            elif not _throw(wrapper, exception):
                continue
            wrapper.close()
        except StopIteration as stop:
            if stop.value is not result:
                changed = wrappers[index]
            result, exception = stop.value, None
            continue
        except BaseException as error:  # noqa: BLE001 - the next wrapper decides what becomes of it
            if error is not exception and blame is not None:
                blame(error, wrappers[index], hook)
            exception = error
            continue
        raise_second_yield(wrapper, wrappers[index], blame, hook)
    if exception is not None:
        raise exception
    if changed is not None and on_change is not None:
        on_change(changed, result, request)
    return result


def raise_second_yield(
    wrapper: WrapperGenerator, impl: pluggy.HookImpl, blame: Blame | None, hook: str
) -> NoReturn:
    """Report a wrapper that has yielded twice, and has been closed.

    Raises:
        RuntimeError: Always.
    """
    try:
        raise_wrapper_error(wrapper, "has second yield")
    except RuntimeError as error:
        if blame is not None:
            blame(error, impl, hook)
        raise


def _throw(wrapper: WrapperGenerator, exception: BaseException) -> bool:
    """Throw `exception` into `wrapper`; return whether the wrapper yielded once more."""
    try:
        wrapper.throw(exception)
    except RuntimeError as error:
        # PEP 479: a StopIteration that passes through a generator comes out as a RuntimeError.
        if issubclass(type(exception), StopIteration) and error.__cause__ is exception:
            wrapper.close()
            return False
        raise
    return True


def run_old_style(impl: pluggy.HookImpl, hook: str, wrapper: WrapperGenerator) -> WrapperGenerator:
    """Run an old-style wrapper, which is sent a `pluggy.Result`, as one of the new style."""
    try:
        next(wrapper)
    except StopIteration:
        raise_wrapper_error(wrapper, "did not yield")
    try:
        outcome = pluggy.Result((yield), None)
    except BaseException as error:  # noqa: BLE001 - passed to the wrapper
        outcome = pluggy.Result(None, error)
    try:
        wrapper.send(outcome)
    except StopIteration:
        pass
    except BaseException as error:
        # Without the message of the exception: Python keeps the text of each warning.
        text = (
            f"A plugin raised an exception during an old-style hookwrapper teardown.\n"
            f"Plugin: {impl.plugin_name}, Hook: {hook}\n{type(error).__name__}"
        )
        warnings.warn(pluggy.PluggyTeardownRaisedWarning(text), stacklevel=6)
        raise
    else:
        raise_wrapper_error(wrapper, "has second yield")
    finally:
        wrapper.close()
    try:
        if (exception := outcome.exception) is not None:
            raise exception  # `get_result` calls a method of the exception
        return outcome.get_result()
    finally:
        exception = None
        del outcome  # break the reference cycle exception -> traceback -> frame


def raise_wrapper_error(wrapper: WrapperGenerator, problem: str) -> NoReturn:
    raise wrapper_error(wrapper, problem)


def wrapper_error(wrapper: WrapperGenerator, problem: str) -> RuntimeError:
    """Return the error of a wrapper that does not yield just once."""
    code: CodeType = wrapper.gi_code  # type: ignore[attr-defined]  # wrappers are generator functions
    return RuntimeError(
        f"hook wrapper {code.co_name!r} at {code.co_filename}:{code.co_firstlineno} {problem}. It must yield "
        "once, whatever happens: where it has nothing to do, write `return (yield)` instead of `return`."
    )
