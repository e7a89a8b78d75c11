"""Which implementation returned a result: checked at once, or recorded on the request for messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cocopot.exceptions import add_blame, in_parentheses
from cocopot.hooks.wrappers import is_wrapper
from cocopot.locations import at_place, locate

if TYPE_CHECKING:
    from collections.abc import Container

    import pluggy

    from cocopot.exceptions import Blame
    from cocopot.hooks.source import HookCall
    from cocopot.request import Request

#: The hooks whose result is recorded on the request, because only the lifecycle can check it.
RECORDED = frozenset(
    {
        "cocopot_before_request",
        "cocopot_dispatch_request",
        "cocopot_make_response",
        "cocopot_after_request",
        "cocopot_handle_exception",
    }
)
#: Those of them that return what a view returns.
VALUES = RECORDED - {"cocopot_make_response", "cocopot_after_request"}
#: Those of them that may have no result; for the others the lifecycle reports that there is none.
_OPTIONAL = frozenset({"cocopot_before_request", "cocopot_handle_exception"})

_WRAPPER_CURE = "a wrapper must return the result of its yield"


class Answer(NamedTuple):
    """The implementation that returned the result of a hook.

    Args:
        hook: The hook's name.
        impl: The implementation, or the wrapper that replaced the result.
        is_none: Whether a wrapper replaced the result by `None`.
    """

    hook: str
    impl: pluggy.HookImpl
    is_none: bool


_new = tuple.__new__


def record_answer(hook: str, impl: pluggy.HookImpl, result: object, request: object) -> None:
    """Record on a request which implementation returned the result of a hook, until the next one does."""
    try:
        # Answer(hook, impl, result is None), without its constructor, which is a function in Python.
        request.answered_by = _new(Answer, (hook, impl, result is None))  # type: ignore[attr-defined]  # a request
    except AttributeError:  # a call by name may pass anything
        return


def record_change(call: HookCall, impl: pluggy.HookImpl, result: object, request: object) -> None:
    """Record on a request which wrapper has replaced the result of a hook.

    Args:
        call: The hook.
        impl: The wrapper.
        result: What it returned.
        request: The request.

    Raises:
        TypeError: If it dropped a result of a hook that may have none, such as the response of a guard.
    """
    if result is None and call.name in _OPTIONAL:
        raise _wrong_result(call, impl, result, _WRAPPER_CURE)
    record_answer(call.name, impl, result, request)


def check_result(call: HookCall, impl: pluggy.HookImpl, result: object) -> object:
    """Return the result of an implementation if it has the type that the hook requires.

    Args:
        call: The hook, with `result_type`.
        impl: The implementation, or a wrapper.
        result: What it returned; a wrapper of a hook whose results are collected returns a list of them.

    Raises:
        TypeError: If it has not, with the implementation's plugin, distribution, hook and place.
    """
    expected = call.result_type
    is_of_all = is_wrapper(impl) and call.kind == "all"
    if expected is None or (_is_list_of(expected, result) if is_of_all else isinstance(result, expected)):
        return result
    cure = f"return a {type_name(expected)}, or None {_meaning(call)}"
    raise _wrong_result(call, impl, result, _WRAPPER_CURE if is_wrapper(impl) else cure)


def _is_list_of(expected: type, result: object) -> bool:
    return isinstance(result, list) and all(isinstance(item, expected) for item in result)


def _meaning(call: HookCall) -> str:
    if call.kind == "threaded":
        return "to leave it unchanged"
    return "to leave it to the next implementation" if call.kind == "first" else "for nothing"


class ResultError(TypeError):
    """An implementation of a hook returned what the hook cannot use.

    Args:
        problem: What is wrong, without the place.
        blame: The implementation that returned it; `None` if that is unknown.
    """

    def __init__(self, problem: str, blame: Blame | None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.place = None if blame is None else blame.place
        if blame is not None:
            add_blame(self, blame._replace(action="returned"))

    def __str__(self) -> str:
        """Return the problem, and the place with its line of source."""
        return f"{self.problem}{at_place(self.place)}"


def _wrong_result(call: HookCall, impl: pluggy.HookImpl, result: object, cure: str) -> ResultError:
    """Return the error about a result of the wrong type, with the implementation that returned it."""
    blame = None if call.culprit is None else call.culprit(impl, call.name)
    what = "None" if result is None else f"a {type(result).__name__!r}"
    who = f"{impl.plugin_name!r}" if blame is None else describe_source(blame, impl)
    return ResultError(f"{who} returned {what} from {call.name}; {cure}.", blame)


def describe_source(blame: Blame, impl: pluggy.HookImpl) -> str:
    """Return the subject of a sentence about the implementation that returned a result."""
    if blame.origin == "application":
        return f"The function {blame.plugin!r}"
    kind = "The wrapper of plugin" if is_wrapper(impl) else "Plugin"
    return f"{kind} {blame.plugin!r}{in_parentheses(blame.distribution, blame.version)}"


class Source(NamedTuple):
    """The source of a returned value, for a message.

    Args:
        subject: The subject of a sentence.
        blame: Its plugin, distribution, hook and place.
    """

    subject: str
    blame: Blame


def source_of(request: Request, hooks: Container[str], *, is_none: bool = False) -> Source | None:
    """Return the source of the result that a request has recorded, or `None` if it was a default.

    Args:
        request: The request.
        hooks: The hooks that could have returned the result in question.
        is_none: Whether the result in question is `None`.
    """
    answer: Answer | None = getattr(request, "answered_by", None)
    if answer is None or request.app is None or answer.hook not in hooks or answer.is_none is not is_none:
        return None
    blame = request.app.plugins.culprit(answer.impl, answer.hook)
    if blame is None:
        return None
    found = request.handled_by
    if found is not None and blame.origin == "application" and answer.hook == "cocopot_handle_exception":
        blame = blame._replace(plugin=found.name, place=locate(found.handler))
    return Source(describe_source(blame, answer.impl), blame)


def type_name(cls: type) -> str:
    """Return the name by which users import a class."""
    if cls.__module__ == "builtins":
        return cls.__name__
    if cls.__module__.startswith("werkzeug.wrappers"):
        return f"cocopot.{cls.__name__}"
    return f"{cls.__module__}.{cls.__qualname__}"
