"""Hooks of the kind "every one runs": implementations and wrappers all run, then their errors are raised."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from cocopot.hooks.wrappers import unwind
from cocopot.locations import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pluggy

    from cocopot.hooks.source import Blame
    from cocopot.hooks.wrappers import WrapperGenerator


def raise_together(hook: str, errors: Sequence[BaseException], number: int) -> NoReturn:
    """Raise the errors of a hook together.

    Args:
        hook: The hook's name.
        errors: What was raised, at least one.
        number: How many implementations and wrappers there are.

    Raises:
        ExceptionGroup: Of the errors.
        BaseException: The first one that is not an `Exception`, such as a `KeyboardInterrupt`, which must not
            be wrapped in a group; the others are its cause, and of one that it has caused, the text.
    """
    text = f"{len(errors)} of {number} implementations of {hook} raised"
    # `isinstance` may run code of the exception.
    ordinary: list[Exception] = [error for error in errors if issubclass(type(error), Exception)]  # type: ignore[misc]
    for error in errors:
        if not issubclass(type(error), Exception):
            if ordinary:
                raise error from ExceptionGroup(text, [_as_cause(other, error) for other in ordinary])
            raise error
    raise ExceptionGroup(text, ordinary)


def _as_cause(error: Exception, of: BaseException) -> Exception:
    """Return an exception as the cause of another one; a substitute if it would close a cycle of causes."""
    return RuntimeError(f"Because of it {shown(error)} was raised.") if _leads_to(error, of) else error


def _leads_to(error: BaseException, target: BaseException) -> bool:
    """Return whether `target` is among the causes and contexts of an exception, which may have cycles."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        current = left.pop()
        if current is None or id(current) in seen:
            continue
        if current is target:
            return True
        seen.add(id(current))
        with suppress(Exception):  # what properties of its class raise
            left += [current.__cause__, current.__context__]
        if type(current) is ExceptionGroup:
            left += current.exceptions
    return False


def unwind_every(
    hook: str,
    wrappers: Sequence[pluggy.HookImpl],
    number: int,
    blame: Blame | None,
    entered: list[tuple[int, WrapperGenerator]],
    errors: list[BaseException],
    result: object,
    exception: BaseException | None,
) -> object:
    """Run the code after the `yield` of every wrapper, innermost first, and return or raise the outcome.

    A wrapper that raises does not keep the others from running, and what was raised inside of it is not lost.

    Args:
        hook: The hook's name.
        wrappers: The wrappers.
        number: How many implementations and wrappers there are.
        blame: Called when an exception leaves a wrapper.
        entered: The wrappers that have been entered, outermost first: index and generator.
        errors: What those raised that could not be entered.
        result: The result of what they wrap.
        exception: What was raised together by what they wrap.
    """
    group = exception
    while entered:
        index, wrapper = entered.pop()
        try:
            result = unwind(hook, [wrappers[index]], blame, None, [wrapper], result, exception, None)
            exception = None
        except BaseException as error:  # noqa: BLE001 - the outer wrappers run all the same
            if error is not exception:
                errors.extend(_parts(exception, group))
            exception = error
    if exception is group and not errors:
        if group is not None:
            raise group
        return result
    errors.extend(_parts(exception, group))
    if not errors:
        return result
    try:
        raise_together(hook, list({id(error): error for error in errors}.values()), number)
    finally:
        del errors, exception, group  # break the reference cycle exception -> traceback -> frame


def _parts(exception: BaseException | None, group: BaseException | None) -> list[BaseException]:
    """Return the errors of which an exception consists, if it is what implementations raised together."""
    if exception is None:
        return []
    if exception is not group:
        return [exception]
    if type(exception) is ExceptionGroup:
        return list(exception.exceptions)
    cause = exception.__cause__
    return [exception, *(cause.exceptions if type(cause) is ExceptionGroup else ())]
