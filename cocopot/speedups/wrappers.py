"""The pure-Python twin of `_wrappers.pxi`, and its documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pluggy

    from cocopot.hooks.source import Blame
    from cocopot.hooks.wrappers import OnChange, WrapperGenerator


class Unwinder:
    """Runs the code after the `yield` of wrappers; called as the end of a compiled call.

    The compiled twin resumes generators until one raises, and leaves the rest to `general`.

    Args:
        general: `hooks.wrappers.unwind`, which takes the arguments below, and those of the call.
        raise_second_yield: Raises the error of a wrapper that has yielded twice, and has been closed.
        hook: The hook's name.
        wrappers: The wrappers.
        blame: Called when an exception leaves a wrapper.
        on_change: Called if a wrapper has replaced the result.
    """

    def __init__(
        self,
        general: Callable[..., object],
        raise_second_yield: Callable[..., object],
        hook: str,
        wrappers: Sequence[pluggy.HookImpl],
        blame: Blame | None,
        on_change: OnChange | None,
    ) -> None:
        del raise_second_yield  # of the compiled twin
        self._general = general
        self._arguments: Any = hook, wrappers, blame, on_change

    def __call__(
        self,
        teardowns: list[WrapperGenerator],
        result: object,
        exception: BaseException | None,
        request: object,
    ) -> object:
        """Return or raise the outcome.

        Args:
            teardowns: The generators of the wrappers that have been entered.
            result: The result of what they wrap.
            exception: The exception of what they wrap.
            request: What `on_change` is called with.
        """
        try:
            return self._general(*self._arguments, teardowns, result, exception, request)
        finally:
            del exception  # break the reference cycle exception -> traceback -> frame
