"""A compiled call and pluggy's own call agree in everything but the order that the contract defines."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import pluggy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cocopot.hooks import PluginManager, hookimpl, hookspec

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

ARGUMENTS = ("a", "b", "c")
VALUES: dict[str, Any] = {"a": "A", "b": "B", "c": "C"}
EXAMPLES = settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Interruption(BaseException):
    """Not an `Exception`, like `KeyboardInterrupt`."""


ERRORS = (ValueError, KeyError, StopIteration, RuntimeError, GeneratorExit, Interruption, KeyboardInterrupt)


class Specs:
    """Hooks of both kinds that pluggy has, in pluggy's order; the last argument has a default."""

    @hookspec
    def sample_all(self, a: Any, b: Any, c: Any = 7) -> None:
        """Every result is collected."""

    @hookspec(firstresult=True)
    def sample_first(self, a: Any, b: Any, c: Any = 7) -> None:
        """The first result stops the rest."""


class OrderedSpecs:
    """Hooks of every kind, in both orders of the contract."""

    @hookspec(order="in")
    def sample_in(self, a: Any, b: Any, c: Any) -> None:
        """Plugins in load order."""

    @hookspec(order="out")
    def sample_out(self, a: Any, b: Any, c: Any) -> None:
        """Plugins in reverse load order."""

    @hookspec(firstresult=True, order="in")
    def sample_first(self, a: Any, b: Any, c: Any) -> None:
        """The first result stops the rest."""

    @hookspec(threaded="b", order="out")
    def sample_threaded(self, a: Any, b: Any, c: Any) -> None:
        """A result is the next implementation's `b`."""

    @hookspec(every=True, order="out")
    def sample_every(self, a: Any, b: Any, c: Any) -> None:
        """An implementation that raises does not stop the others."""


# -------------------------------------------------------------------------
# Implementations
# -------------------------------------------------------------------------


@dataclass(frozen=True)
class Impl:
    """What one implementation does.

    `act` is what a plain implementation does, or a wrapper behind its `yield`; "early" and "never" are for
    wrappers that raise before it, and that have none.
    """

    index: int
    kind: Literal["plain", "wrapper", "hookwrapper"]
    act: str
    error: type[BaseException]
    wish: Literal["", "tryfirst", "trylast"]
    arguments: tuple[str, ...]
    defaults: int
    origin: Literal["plugin", "application", "builtin"]

    @property
    def name(self) -> str:
        return f"p{self.index}"


PLAIN_ACTS = ("none", "value", "zero", "raise")
WRAPPER_ACTS = ("pass", "value", "none", "raise", "swallow", "replace", "twice", "resume", "stubborn")
HOOKWRAPPER_ACTS = ("pass", "value", "force", "raise", "get", "twice", "stubborn")
ACTS = {
    "plain": PLAIN_ACTS,
    "wrapper": (*WRAPPER_ACTS, "early", "never"),
    "hookwrapper": (*HOOKWRAPPER_ACTS, "early", "never"),
}


@st.composite
def impl_lists(draw: st.DrawFn, kinds: Sequence[str] = ("plain", "wrapper", "hookwrapper")) -> list[Impl]:
    """Draw what up to six plugins do."""
    impls = []
    for index in range(draw(st.integers(0, 6))):
        kind: Any = draw(st.sampled_from(kinds))
        arguments = draw(st.permutations(ARGUMENTS))[: draw(st.integers(0, 3))]
        impls.append(
            Impl(
                index=index,
                kind=kind,
                act=draw(st.sampled_from(ACTS[kind])),
                error=draw(st.sampled_from(ERRORS)),
                wish=draw(st.sampled_from(("", "", "tryfirst", "trylast"))),
                arguments=tuple(arguments),
                defaults=draw(st.integers(0, len(arguments))),
                origin=draw(st.sampled_from(("plugin", "application", "builtin"))),
            )
        )
    return impls


class Recorder:
    """What the implementations saw, in order."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def plain(self, impl: Impl, **arguments: Any) -> Any:
        self.calls.append((impl.name, arguments))
        if impl.act == "raise":
            raise impl.error(impl.index)
        return {"none": None, "zero": 0, "value": (impl.name, *arguments.values())}[impl.act]

    def wrapper(self, impl: Impl, **arguments: Any) -> Generator[None, Any, Any]:
        self.calls.append((impl.name, arguments))
        if impl.act == "early":
            raise impl.error(impl.index)
        if impl.act == "never":
            return None
        try:
            result = yield
        except BaseException as error:
            if isinstance(error, GeneratorExit) and not error.args:  # the generator is thrown away
                raise
            self.calls.append((impl.name, *facts_of(error)))
            return (yield from self.after_error(impl, error))
        self.calls.append((impl.name, result))
        return (yield from self.after_result(impl, result))

    def after_error(self, impl: Impl, error: BaseException) -> Generator[None, Any, Any]:
        if impl.act == "swallow":
            return (impl.name, "swallowed")
        if impl.act == "replace":
            raise impl.error(impl.index) from error
        if impl.act in ("resume", "stubborn"):
            yield from self.second_yield(impl)
        raise error

    def after_result(self, impl: Impl, result: Any) -> Generator[None, Any, Any]:
        if impl.act == "raise":
            raise impl.error(impl.index)
        if impl.act in ("twice", "stubborn"):
            yield from self.second_yield(impl)
        return {"none": None, "value": (impl.name, "value")}.get(impl.act, result)

    def second_yield(self, impl: Impl) -> Generator[None, Any, Any]:
        try:
            yield
        except GeneratorExit:
            self.calls.append((impl.name, "closed"))
            if impl.act == "stubborn":
                yield
            raise

    def hookwrapper(self, impl: Impl, **arguments: Any) -> Generator[None, Any, None]:
        self.calls.append((impl.name, arguments))
        if impl.act == "early":
            raise impl.error(impl.index)
        if impl.act == "never":
            return
        outcome = yield
        if isinstance(outcome.exception, GeneratorExit) and not outcome.exception.args:
            return  # the generator is thrown away
        self.calls.append((impl.name, facts_of(outcome.exception), outcome._result))
        if impl.act == "raise":
            raise impl.error(impl.index)
        if impl.act == "value":
            outcome.force_result((impl.name, "value"))
        elif impl.act == "force":
            outcome.force_exception(impl.error(impl.index))
        elif impl.act == "get":
            outcome.get_result()
        elif impl.act in ("twice", "stubborn"):
            yield from self.second_yield(impl)


def make_plugin(impl: Impl, hook: str, recorder: Recorder) -> object:
    """Return a plugin whose implementation has the drawn signature."""
    names = impl.arguments
    plain = names[: len(names) - impl.defaults]
    signature = ", ".join(["self", *plain, *(f"{name}='default'" for name in names[len(plain) :])])
    passed = ", ".join(f"{name}={name}" for name in names)
    body = f"body(impl, {passed})" if impl.kind == "plain" else f"(yield from body(impl, {passed}))"
    namespace: dict[str, Any] = {"impl": impl, "body": getattr(recorder, impl.kind)}
    exec(f"def {hook}({signature}): return {body}", namespace)
    options: dict[str, Any] = {} if impl.kind == "plain" else {impl.kind: True}
    if impl.wish:
        options[impl.wish] = True
    return type(f"Plugin{impl.index}", (), {hook: hookimpl(**options)(namespace[hook])})()


# -------------------------------------------------------------------------
# What a call did
# -------------------------------------------------------------------------


def facts_of(error: BaseException | None) -> tuple[Any, ...]:
    """Return what is to be the same of two exceptions."""
    if error is None:
        return ()
    if isinstance(error, BaseExceptionGroup):
        return (type(error), error.message, *(facts_of(one) for one in error.exceptions))
    arguments = tuple(same_words(argument) for argument in error.args)
    cause = None if isinstance(error, pluggy.HookCallError) else error.__cause__  # pluggy's has a KeyError
    return (type(error), arguments, facts_of(cause))


def same_words(argument: Any) -> Any:
    """Put what Cocopot states of a wrapper in pluggy's words."""
    return (
        argument.replace("hook wrapper 'sample", "wrap_controller at 'sample")
        .replace("' at <", "' <")
        .partition(". It must yield once")[0]
        if isinstance(argument, str)
        else argument
    )


def outcome_of(recorder: Recorder, call: Callable[[], Any]) -> tuple[Any, list[Any], list[Any]]:
    """Return result or exception, the recorded sequence, and the warnings of a call."""
    recorder.calls.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result: Any = ("returned", call())
        except BaseException as error:  # noqa: BLE001 - compared
            result = ("raised", *facts_of(error))
            check_blame(error)
    # pluggy's text has the exception's message in the third line, and an address in the fourth.
    lines = [(w.category, same_words(str(w.message)).splitlines()) for w in caught]
    messages = [
        (category, [*line[:2], *(text.partition(":")[0] for text in line[2:3])]) for category, line in lines
    ]
    return result, list(recorder.calls), messages


def check_blame(error: BaseException) -> None:
    """An exception that an implementation raised does not name another one."""
    if error.args and isinstance(error.args[0], int):
        for note in getattr(error, "__notes__", ()):
            assert f"'p{error.args[0]}'" in note


def managers(
    impls: Sequence[Impl], hook: str, recorder: Recorder
) -> tuple[PluginManager, pluggy.PluginManager]:
    """Return Cocopot's manager and pluggy's, both with the same plugins."""
    ours, theirs = PluginManager(hookspecs=[Specs]), pluggy.PluginManager("cocopot")
    theirs.add_hookspecs(Specs)
    for impl in impls:
        plugin = make_plugin(impl, hook, recorder)
        ours.register(plugin, impl.name)
        theirs.register(plugin, impl.name)
    return ours, theirs


@pytest.mark.parametrize("hook", ["sample_all", "sample_first"])
@given(impls=impl_lists(), given_names=st.sets(st.sampled_from(ARGUMENTS), min_size=1))
@EXAMPLES
def test_by_keyword(hook: str, impls: list[Impl], given_names: set[str]) -> None:
    """A hook that is called by keyword, even with arguments missing, does what it does in pluggy."""
    recorder = Recorder()
    ours, theirs = managers(impls, hook, recorder)
    kwargs = {name: VALUES[name] for name in sorted(given_names)}
    expected = outcome_of(recorder, lambda: getattr(theirs.hook, hook)(**kwargs))
    assert outcome_of(recorder, lambda: getattr(ours.hook, hook)(**kwargs)) == expected
    assert outcome_of(recorder, lambda: getattr(ours.hook, hook)(**kwargs)) == expected, "the second time"


@pytest.mark.parametrize("hook", ["sample_all", "sample_first"])
@given(impls=impl_lists())
@EXAMPLES
def test_by_position(hook: str, impls: list[Impl]) -> None:
    """A compiled call does what pluggy's does; without implementations there is none."""
    recorder = Recorder()
    ours, theirs = managers(impls, hook, recorder)
    expected = outcome_of(recorder, lambda: getattr(theirs.hook, hook)(**VALUES))
    compiled = ours.compile(hook)
    if compiled is None:
        assert not impls
        return
    assert outcome_of(recorder, lambda: compiled(*VALUES.values())) == expected


@given(impls=impl_lists(kinds=["plain"]))
@EXAMPLES
def test_results_that_are_not_used(impls: list[Impl]) -> None:
    """With `results=False` the same implementations are called, and the same exception leaves."""
    recorder = Recorder()
    ours, theirs = managers(impls, "sample_all", recorder)
    expected, calls, _ = outcome_of(recorder, lambda: theirs.hook.sample_all(**VALUES))
    compiled = ours.compile("sample_all", results=False)
    if compiled is not None:
        found, our_calls, _ = outcome_of(recorder, lambda: compiled(*VALUES.values()))
        assert our_calls == calls
        assert found[0] == expected[0]
        assert found[0] == "returned" or found == expected


@pytest.mark.parametrize("hook", ["sample_all", "sample_first"])
@given(impls=impl_lists(), extra=impl_lists(kinds=["plain"]), left_out=st.sets(st.integers(0, 5)))
@EXAMPLES
def test_subset_and_extra(hook: str, impls: list[Impl], extra: list[Impl], left_out: set[int]) -> None:
    """Callers of a subset, and calls with extra methods, do what they do in pluggy."""
    recorder = Recorder()
    ours, theirs = managers(impls, hook, recorder)
    extra = [replace(impl, index=impl.index + 10, wish="") for impl in extra]
    methods = [getattr(make_plugin(impl, hook, recorder), hook) for impl in extra]
    out = [theirs.get_plugin(f"p{index}") for index in left_out if theirs.has_plugin(f"p{index}")]
    outcomes = []
    for manager in (theirs, ours):
        subset, caller = manager.subset_hook_caller(hook, out), getattr(manager.hook, hook)
        outcomes.append(outcome_of(recorder, lambda subset=subset: subset(**VALUES)))  # type: ignore[misc]
        outcomes.append(outcome_of(recorder, lambda caller=caller: caller.call_extra(methods, VALUES)))  # type: ignore[misc]
    assert outcomes[2:] == outcomes[:2]


# -------------------------------------------------------------------------
# The contract's order and kinds
# -------------------------------------------------------------------------


def contract_order(impls: Sequence[Impl], order: Literal["in", "out"]) -> list[Impl]:
    """Return the implementations as the contract's text orders them, outermost wrapper first.

    Wrappers enter in load order in hooks of both orders, since an onion has its outside on both sides.
    """
    plugins = [impl for impl in impls if impl.origin == "plugin"]
    application = [impl for impl in impls if impl.origin == "application"]
    layers = [*plugins, *application] if order == "in" else [*application[::-1], *plugins[::-1]]
    builtin = [impl for impl in impls if impl.origin == "builtin"]
    return [
        impl
        for wrapper, ordered in ((True, [*plugins, *application]), (False, layers))
        for wish in ("tryfirst", "", "trylast")
        for impl in [*ordered, *builtin]
        if (impl.kind != "plain") is wrapper and impl.wish == wish
    ]


def ordered_manager(impls: Sequence[Impl], hook: str, recorder: Recorder) -> PluginManager:
    """Return Cocopot's manager with the implementations, each of its origin."""
    manager = PluginManager(hookspecs=[OrderedSpecs])
    for impl in impls:
        manager.register(make_plugin(impl, hook, recorder), impl.name, origin=impl.origin)
    return manager


def reference(impls: Sequence[Impl], hook: str, recorder: Recorder, firstresult: bool) -> Callable[..., Any]:
    """Return pluggy's call of `impls` in just this order: the last registered is called first."""
    manager = pluggy.PluginManager("cocopot")

    @hookspec(firstresult=firstresult)
    def spec(a: Any, b: Any, c: Any) -> None:
        """The same arguments, in pluggy's order."""

    specs = ModuleType("specs")
    setattr(specs, hook, spec)
    manager.add_hookspecs(specs)
    for impl in reversed(impls):
        manager.register(make_plugin(replace(impl, wish=""), hook, recorder), impl.name)
    return getattr(manager.hook, hook)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("hook", "order"), [("sample_in", "in"), ("sample_out", "out"), ("sample_first", "in")]
)
@given(impls=impl_lists())
@EXAMPLES
def test_order(hook: str, order: Literal["in", "out"], impls: list[Impl]) -> None:
    """In the contract's order, everything else is as in pluggy."""
    recorder = Recorder()
    manager = ordered_manager(impls, hook, recorder)
    call = reference(contract_order(impls, order), hook, recorder, hook == "sample_first")
    expected = outcome_of(recorder, lambda: call(**VALUES))
    assert outcome_of(recorder, lambda: getattr(manager.hook, hook)(**VALUES)) == expected
    compiled = manager.compile(hook)
    assert compiled is None or outcome_of(recorder, lambda: compiled(*VALUES.values())) == expected


def arguments_of(impl: Impl, values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in impl.arguments}


def threaded_loop(impls: Sequence[Impl], recorder: Recorder) -> Any:
    """Hand each result to the next implementation."""
    values = dict(VALUES)
    for impl in impls:
        result = recorder.plain(impl, **arguments_of(impl, values))
        if result is not None:
            values["b"] = result
    return values["b"]


def every_loop(impls: Sequence[Impl], recorder: Recorder) -> Any:
    """Call all of them, then raise what they raised: together, or the first that is not an `Exception`."""
    results, errors = [], []
    for impl in impls:
        try:
            result = recorder.plain(impl, **arguments_of(impl, VALUES))
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)
        else:
            results.append(result)
    message = f"{len(errors)} of {len(impls)} implementations of sample_every raised"
    ordinary = [raised for raised in errors if isinstance(raised, Exception)]
    for raised in errors:
        if not isinstance(raised, Exception):
            raise raised from (ExceptionGroup(message, ordinary) if ordinary else None)
    if errors:
        raise ExceptionGroup(message, ordinary)
    return [result for result in results if result is not None]


#: What wrappers do that raise nothing of their own.
CALM_ACTS = ("pass", "value", "none", "swallow")


@given(impls=impl_lists())
@EXAMPLES
def test_every_one_runs(impls: list[Impl]) -> None:
    """Whatever wrappers do, each implementation runs once, in order, and errors are raised together."""
    recorder = Recorder()
    manager = ordered_manager(impls, "sample_every", recorder)
    plain = [impl.name for impl in contract_order(impls, "out") if impl.kind == "plain"]
    error: BaseException | None = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            manager.hook.sample_every(**VALUES)
        except BaseException as raised:  # noqa: BLE001 - inspected
            error = raised
    assert [call[0] for call in recorder.calls if call[0] in plain] == plain
    assert error is None or type(error) is ExceptionGroup or not isinstance(error, Exception)


@pytest.mark.parametrize(("hook", "loop"), [("sample_threaded", threaded_loop), ("sample_every", every_loop)])
@given(impls=impl_lists())
@EXAMPLES
def test_kinds_that_pluggy_does_not_have(
    hook: str, loop: Callable[[Sequence[Impl], Recorder], Any], impls: list[Impl]
) -> None:
    """Threaded and every-one-runs hooks do what a plain loop does, with pluggy's wrappers around it.

    A wrapper of an every-one-runs hook that raises is another matter: see the next test.
    """
    if loop is every_loop:
        impls = [impl for impl in impls if impl.kind == "plain" or impl.act in CALM_ACTS]
    recorder = Recorder()
    manager = ordered_manager(impls, hook, recorder)
    in_order = contract_order(impls, "out")
    plain = [impl for impl in in_order if impl.kind == "plain"]
    innermost = type("Loop", (), {hook: hookimpl(lambda self: loop(plain, recorder))})()
    call = reference([impl for impl in in_order if impl.kind != "plain"], hook, recorder, firstresult=True)
    expected = outcome_of(recorder, lambda: call.call_extra([getattr(innermost, hook)], VALUES))  # type: ignore[attr-defined]
    compiled = manager.compile(hook)
    assert compiled is None or outcome_of(recorder, lambda: compiled(*VALUES.values())) == expected
    if impls:
        assert outcome_of(recorder, lambda: getattr(manager.hook, hook)(**VALUES)) == expected
