"""Turn the implementations of one hook into one direct call.

pluggy's own call looks up arguments by name and creates lists for every call. Here that is done once: the
implementations, in the order in which they run, become the source of a function that takes the hook's
arguments by position and calls each implementation on its own line. What arguments, results, wrappers
and exceptions mean is pluggy's; `tests/hooks/test_compiler_oracle.py` compares the two.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from cocopot.hooks.every import raise_together, unwind_every
from cocopot.hooks.results import check_result, record_answer, record_change
from cocopot.hooks.source import Source
from cocopot.hooks.wrappers import (
    is_wrapper,
    raise_second_yield,
    raise_wrapper_error,
    run_old_style,
    unwind,
)
from cocopot.speedups import Unwinder, with_direct_call

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pluggy

    from cocopot.hooks.source import Blame, HookCall, HookFunction
    from cocopot.hooks.wrappers import OnChange


def compile_call(
    call: HookCall, impls: Sequence[pluggy.HookImpl], blame: Blame | None = None
) -> HookFunction:
    """Return one function that calls all `impls` as the hook's options require.

    Args:
        call: The hook.
        impls: The implementations in the order in which they run, wrappers first, outermost first.
        blame: Called when an exception leaves an implementation, before it is raised further.

    Returns:
        A function that takes `call.parameters` by position.
    """
    wrappers = [impl for impl in impls if is_wrapper(impl)]
    plain = [impl for impl in impls if not is_wrapper(impl)]
    inner = _compile_plain(call, plain, blame)
    if not wrappers:
        return inner
    if call.kind == "every":
        return _compile_wrapped_every(call, wrappers, inner, len(impls), blame)
    return _compile_wrapped(call, wrappers, inner if plain or call.kind != "threaded" else None, blame)


# -------------------------------------------------------------------------
# Implementations that are not wrappers
# -------------------------------------------------------------------------


def _compile_plain(call: HookCall, impls: Sequence[pluggy.HookImpl], blame: Blame | None) -> HookFunction:
    source = Source(call, impls, "_f")
    source.namespace.update(_checked=functools.partial(_checked, call, impls), _record=record_answer)
    is_default = call.record is None or not any(map(call.record, impls))
    if (
        len(impls) == 1
        and blame is None
        and is_default
        and source.is_passed_through(impls[0])
        and not _keeps_results(call)
    ):
        return source.namespace["_f0"]  # type: ignore[return-value]  # the implementation
    writer = {"all": _write_all, "first": _write_first, "threaded": _write_threaded, "every": _write_every}
    indent = source.begin(blame)
    writer[call.kind](source, indent)
    function = source.finish(blame)
    return _with_direct_call(source, function, blame) if _is_direct(call, impls) else function


def _is_direct(call: HookCall, impls: Sequence[pluggy.HookImpl]) -> bool:
    """Return whether the compiled part calls an implementation itself, without the generated function."""
    return (
        len(impls) == 1
        and call.parameters[:2] == ("app", "request")
        and len(call.parameters) <= 3
        and call.threaded in (None, *call.parameters[2:])
        and (call.kind in ("first", "threaded") or (call.kind == "every" and not call.results))
        and not impls[0].kwargnames
        and set(impls[0].argnames) <= set(call.parameters)
    )


def _with_direct_call(source: Source, function: HookFunction, blame: Blame | None) -> HookFunction:
    call, impl = source.call, source.impls[0]
    is_recorded = call.kind == "first" and call.record is not None and call.record(impl)
    return with_direct_call(
        function,
        source.namespace["_f0"],  # type: ignore[arg-type]  # the implementation
        [call.parameters.index(name) for name in impl.argnames],
        hook=call.name,
        impl=impl,
        is_every=call.kind == "every",
        is_threaded=call.kind == "threaded",
        record=functools.partial(record_answer, call.name, impl) if is_recorded else None,
        check=None if call.result_type is None else functools.partial(check_result, call, impl),
        blame=blame,
        raise_together=functools.partial(raise_together, call.name),
    )


def _keeps_results(call: HookCall) -> bool:
    has_type = call.result_type is not None
    return has_type or call.kind in ("threaded", "every") or (call.kind == "all" and call.results)


def _write_all(source: Source, indent: str) -> None:
    if source.call.results:
        source.add(f"{indent}results = []")
    for index in range(len(source.impls)):
        if source.call.results:
            source.add_call(index, f"{indent}result = ")
            new = "result" if source.call.result_type is None else f"_checked({index}, result)"
            source.add(f"{indent}if result is not None: results.append({new})")
        else:
            source.add_call(index, indent)
    if source.call.results:
        source.add(f"{indent}return results")
    elif not source.impls:
        source.add(f"{indent}return None")


def _write_first(source: Source, indent: str) -> None:
    last = len(source.impls) - 1
    for index, impl in enumerate(source.impls):
        is_recorded = source.call.record is not None and source.call.record(impl)
        if index == last and not is_recorded and source.call.result_type is None:
            source.add_call(index, f"{indent}return ")
            return
        source.add_call(index, f"{indent}result = ")
        source.add(f"{indent}if result is not None:")
        if is_recorded:
            source.add(f"{indent}    _record(_hook, _impls[{index}], result, {source.names['request']})")
        value = "result" if source.call.result_type is None else f"_checked({index}, result)"
        source.add(f"{indent}    return {value}")
    source.add(f"{indent}return None")


def _write_threaded(source: Source, indent: str) -> None:
    value = source.names[source.call.threaded or ""]
    expected = source.call.result_type
    for index in range(len(source.impls)):
        source.add_call(index, f"{indent}result = ")
        new = "result" if expected is None else f"_checked({index}, result)"
        source.add(f"{indent}if result is not None and result is not {value}: {value} = {new}")
    source.add(f"{indent}return {value}")


def _checked(call: HookCall, impls: Sequence[pluggy.HookImpl], index: int, result: object) -> object:
    return check_result(call, impls[index], result)


def _write_every(source: Source, indent: str) -> None:
    source.namespace["_raise_together"] = functools.partial(raise_together, source.call.name)
    source.add(f"{indent}errors = None")
    if source.call.results:
        source.add(f"{indent}results = []")
    for index in range(len(source.impls)):
        if source.call.results:
            source.add(f"{indent}try:")
            source.add_call(index, f"{indent} result = ")
            source.add(f"{indent} if result is not None: results.append(result)")
        else:
            source.add_call(
                index, f"{indent}try: "
            )  # faster on one line: a separate line costs an instruction
        source.add(f"{indent}except BaseException as error:")
        source.add(f"{indent} if _blame is not None: _blame(error, _impls[{index}], _hook)")
        source.add(f"{indent} errors = [*(errors or ()), error]")
    source.add(f"{indent}if errors is not None: _raise_together(errors, {len(source.impls)})")
    if source.call.results:
        source.add(f"{indent}return results")


# -------------------------------------------------------------------------
# Wrappers
# -------------------------------------------------------------------------


def _compile_wrapped(
    call: HookCall,
    wrappers: Sequence[pluggy.HookImpl],
    inner: HookFunction | None,
    blame: Blame | None,
) -> HookFunction:
    """Return a call with wrappers around another call, or around the value that is threaded through."""
    source = _wrapper_source(call, wrappers, inner)
    source.namespace["_unwind"] = Unwinder(
        *(unwind, raise_second_yield, call.name, wrappers, blame, _on_change(call))
    )
    request = source.names["request"] if call.record is not None else "None"
    source.add("    teardowns = []")
    source.add("    try:")
    for index in range(len(wrappers)):
        _write_entry(source, index, "        ")
        source.add("        teardowns.append(wrapper)")
    value = source.names[call.threaded] if inner is None and call.threaded else None
    wrapped = value or f"_inner({', '.join(source.names.values())})"
    source.add(f"        result = {wrapped}")
    source.add("    except BaseException as error:")
    if blame is not None:
        source.add("        _blame_line(error)")
    source.add(f"        return _unwind(teardowns, None, error, {request})")
    source.add(f"    return _unwind(teardowns, result, None, {request})")
    return source.build(blame)


def _compile_wrapped_every(
    call: HookCall,
    wrappers: Sequence[pluggy.HookImpl],
    inner: HookFunction,
    number: int,
    blame: Blame | None,
) -> HookFunction:
    """Return a call in which a wrapper that cannot be entered keeps nothing from running."""
    source = _wrapper_source(call, wrappers, inner)
    source.namespace["_unwind"] = functools.partial(unwind_every, call.name, wrappers, number, blame)
    source.add("    teardowns, errors, result = [], [], None")
    for index in range(len(wrappers)):
        source.add("    try:")
        _write_entry(source, index, "        ")
        source.add(f"        teardowns.append(({index}, wrapper))")
        source.add("    except BaseException as error:")
        source.add(f"        if _blame is not None: _blame(error, _impls[{index}], _hook)")
        source.add("        errors.append(error)")
    source.add("    try:")
    source.add(f"        result = _inner({', '.join(source.names.values())})")
    source.add("    except BaseException as error:")
    source.add("        return _unwind(teardowns, errors, None, error)")
    source.add("    return _unwind(teardowns, errors, result, None)")
    return source.build(blame)


def _wrapper_source(
    call: HookCall, wrappers: Sequence[pluggy.HookImpl], inner: HookFunction | None
) -> Source:
    source = Source(call, wrappers, "_w")
    source.namespace.update(
        _inner=inner, _raise_wrapper_error=raise_wrapper_error, _run_old_style=run_old_style
    )
    return source


def _write_entry(source: Source, index: int, indent: str) -> None:
    """Write the lines that run a wrapper up to its `yield`."""
    if source.impls[index].hookwrapper:
        source.add_call(index, f"{indent}wrapper = _run_old_style(_impls[{index}], _hook, ", ")")
    else:
        source.add_call(index, f"{indent}wrapper = ")
    source.add(f"{indent}try:")
    source.add_line(index, f"{indent}    next(wrapper)")
    source.add(f"{indent}except StopIteration:")
    source.add_line(index, f'{indent}    _raise_wrapper_error(wrapper, "did not yield")')


def _on_change(call: HookCall) -> OnChange | None:
    """Return what is called with a result that a wrapper has replaced, the wrapper, and the request."""
    if call.record is not None:
        return functools.partial(record_change, call)
    if call.result_type is not None:
        return lambda impl, result, _: check_result(call, impl, result)
    return None
