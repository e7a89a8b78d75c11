"""Turn the implementations of one hook into one direct call.

pluggy's own call looks up arguments by name and keeps lists for every call. Here that is done once: the
implementations, in the order in which they run, become the source of a function that takes the hook's
arguments by position and calls each implementation on a line of its own. What arguments, results, wrappers
and exceptions mean is pluggy's; `tests/hooks/test_compiler_oracle.py` holds the two against each other.
"""

from __future__ import annotations

import functools
import keyword
import linecache
import warnings
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import pluggy

if TYPE_CHECKING:
    from types import CodeType

Kind = Literal["all", "first", "threaded", "every"]
#: Called with an exception, the implementation that it left, and the hook's name.
Blame = Callable[[BaseException, pluggy.HookImpl, str], None]
#: Called with a hook's name, an implementation and its function; returns what is called in place of it.
Observe = Callable[[str, pluggy.HookImpl, Callable[..., Any]], Callable[..., Any]]

_DIRECT = "_cocopot_direct"


@dataclass(frozen=True, slots=True)
class HookCall:
    """How a hook is to be called.

    Args:
        name: The hook's name.
        parameters: The names of its arguments, in the order in which the compiled call takes them.
        kind: `"all"` results, the `"first"` one, `"threaded"` through, or `"every"` one runs.
        threaded: With `"threaded"`, the parameter that a result replaces.
        result_type: With `"threaded"`, what a result must be an instance of, or `None`.
        results: Whether anybody looks at the results of `"all"` and `"every"`.
        direct: Whether what `direct` names may be called in place of an adapter, because the implementations
            of other blueprints have been left out.
        observe: Makes the functions that report their calls, or `None` if nobody wants to be told.
    """

    name: str
    parameters: tuple[str, ...]
    kind: Kind = "all"
    threaded: str | None = None
    result_type: type | None = None
    results: bool = True
    direct: bool = True
    observe: Observe | None = None


def direct(adapter: Callable[..., Any], function: Callable[..., Any], parameters: tuple[str, ...]) -> None:
    """Let compiled calls of `adapter` call `function(*parameters)`, which means the same in its scope."""
    setattr(adapter, _DIRECT, (function, parameters))


def compile_call(
    call: HookCall, impls: Sequence[pluggy.HookImpl], blame: Blame | None = None
) -> Callable[..., Any]:
    """Return one function that calls all `impls` as the hook demands.

    Args:
        call: The hook.
        impls: The implementations in the order in which they run, wrappers first, outermost first.
        blame: Called when an exception leaves an implementation, before it is raised further.

    Returns:
        A function that takes `call.parameters` by position.
    """
    wrappers = [impl for impl in impls if impl.wrapper or impl.hookwrapper]
    plain = [impl for impl in impls if not (impl.wrapper or impl.hookwrapper)]
    inner = _compile_plain(call, plain, blame)
    return _compile_wrapped(call, wrappers, inner, blame) if wrappers else inner


# -------------------------------------------------------------------------
# Implementations that are no wrappers
# -------------------------------------------------------------------------


def _compile_plain(
    call: HookCall, impls: Sequence[pluggy.HookImpl], blame: Blame | None
) -> Callable[..., Any]:
    source = _Source(call, impls, "_f")
    if len(impls) == 1 and blame is None and source.is_passed_through(impls[0]) and not _keeps_results(call):
        return source.namespace["_f0"]  # type: ignore[no-any-return]
    writer = {"all": _write_all, "first": _write_first, "threaded": _write_threaded, "every": _write_every}
    indent = source.begin(blame)
    writer[call.kind](source, indent)
    return source.finish(blame)


def _keeps_results(call: HookCall) -> bool:
    return call.kind in ("threaded", "every") or (call.kind == "all" and call.results)


def _write_all(source: _Source, indent: str) -> None:
    if source.call.results:
        source.add(f"{indent}results = []")
    for index in range(len(source.impls)):
        if source.call.results:
            source.add_call(index, f"{indent}result = ")
            source.add(f"{indent}if result is not None: results.append(result)")
        else:
            source.add_call(index, indent)
    if source.call.results:
        source.add(f"{indent}return results")
    elif not source.impls:
        source.add(f"{indent}return None")


def _write_first(source: _Source, indent: str) -> None:
    last = len(source.impls) - 1
    for index in range(last):
        source.add_call(index, f"{indent}result = ")
        source.add(f"{indent}if result is not None: return result")
    if last >= 0:
        source.add_call(last, f"{indent}return ")
    else:
        source.add(f"{indent}return None")


def _write_threaded(source: _Source, indent: str) -> None:
    value = source.names[source.call.threaded or ""]
    expected = source.call.result_type
    source.namespace["_checked"] = functools.partial(_checked, source.call, source.impls)
    for index in range(len(source.impls)):
        source.add_call(index, f"{indent}result = ")
        new = "result" if expected is None else f"_checked({index}, result)"
        source.add(f"{indent}if result is not None and result is not {value}: {value} = {new}")
    source.add(f"{indent}return {value}")


def _checked(call: HookCall, impls: Sequence[pluggy.HookImpl], index: int, result: object) -> object:
    expected = call.result_type
    if expected is None or isinstance(result, expected):
        return result
    raise TypeError(
        f"{impls[index].plugin_name!r} returned a {type(result).__name__!r} from {call.name}; "
        f"return a {expected.__module__}.{expected.__qualname__}, or None to leave it unchanged."
    )


def _write_every(source: _Source, indent: str) -> None:
    source.namespace["_raise_together"] = functools.partial(_raise_together, source.call.name)
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
            )  # quicker on one line: a line of its own is an instruction
        source.add(f"{indent}except BaseException as error:")
        source.add(f"{indent} if _blame is not None: _blame(error, _impls[{index}], _hook)")
        source.add(f"{indent} errors = [*(errors or ()), error]")
    source.add(f"{indent}if errors is not None: _raise_together(errors, {len(source.impls)})")
    if source.call.results:
        source.add(f"{indent}return results")


def _raise_together(hook: str, errors: list[BaseException], number: int) -> NoReturn:
    text = f"{len(errors)} of {number} implementations of {hook} raised"
    ordinary = [error for error in errors if isinstance(error, Exception)]
    for error in errors:
        if not isinstance(error, Exception):  # such as KeyboardInterrupt: it must arrive as itself
            raise error from (ExceptionGroup(text, ordinary) if ordinary else error.__cause__)
    raise ExceptionGroup(text, ordinary)


# -------------------------------------------------------------------------
# Wrappers
# -------------------------------------------------------------------------


def _compile_wrapped(
    call: HookCall,
    wrappers: Sequence[pluggy.HookImpl],
    inner: Callable[..., Any],
    blame: Blame | None,
) -> Callable[..., Any]:
    source = _Source(call, wrappers, "_w")
    source.namespace.update(
        _inner=inner,
        _wrapfail=_wrapfail,
        _old_style=_old_style,
        _unwind=functools.partial(_unwind, call, wrappers, blame),
    )
    source.add("    teardowns = []")
    source.add("    try:")
    for index, impl in enumerate(wrappers):
        if impl.hookwrapper:
            source.add_call(index, f"        wrapper = _old_style(_impls[{index}], _hook, ", ")")
        else:
            source.add_call(index, "        wrapper = ")
        source.add("        try:")
        source.add_line(index, "            next(wrapper)")
        source.add("        except StopIteration:")
        source.add_line(index, '            _wrapfail(wrapper, "did not yield")')
        source.add("        teardowns.append(wrapper)")
    source.add(f"        result = _inner({', '.join(source.names.values())})")
    source.add("    except BaseException as error:")
    if blame is not None:
        source.add("        _blame_line(error)")
    source.add("        return _unwind(teardowns, None, error)")
    source.add("    return _unwind(teardowns, result, None)")
    return source.build(blame)


def _unwind(
    call: HookCall,
    wrappers: Sequence[pluggy.HookImpl],
    blame: Blame | None,
    teardowns: list[Generator[None, Any, Any]],
    result: Any,
    exception: BaseException | None,
) -> Any:
    """Run what stands behind the wrappers' `yield`, innermost first, and return or raise what is left."""
    for index in range(len(teardowns) - 1, -1, -1):
        wrapper = teardowns[index]
        try:
            if exception is None:
                wrapper.send(result)
            elif not _throw(wrapper, exception):
                continue
            wrapper.close()
        except StopIteration as stop:
            result, exception = stop.value, None
            continue
        except BaseException as error:  # noqa: BLE001 - the next wrapper decides what becomes of it
            if error is not exception and blame is not None:
                blame(error, wrappers[index], call.name)
            exception = error
            continue
        try:
            _wrapfail(wrapper, "has second yield")
        except RuntimeError as error:
            if blame is not None:
                blame(error, wrappers[index], call.name)
            raise
    if exception is not None:
        raise exception
    return result


def _throw(wrapper: Generator[None, Any, Any], exception: BaseException) -> bool:
    """Throw `exception` into `wrapper`; return whether the wrapper yielded once more."""
    try:
        wrapper.throw(exception)
    except RuntimeError as error:
        # PEP 479: a StopIteration that passes through a generator comes out as a RuntimeError.
        if isinstance(exception, StopIteration) and error.__cause__ is exception:
            wrapper.close()
            return False
        raise
    return True


def _old_style(
    impl: pluggy.HookImpl, hook: str, wrapper: Generator[None, pluggy.Result[Any], None]
) -> Generator[None, Any, Any]:
    """Run an old-style wrapper, which is sent a `pluggy.Result`, as one of the new style."""
    try:
        next(wrapper)
    except StopIteration:
        _wrapfail(wrapper, "did not yield")
    try:
        outcome = pluggy.Result((yield), None)
    except BaseException as error:  # noqa: BLE001 - handed to the wrapper
        outcome = pluggy.Result(None, error)
    try:
        wrapper.send(outcome)
    except StopIteration:
        pass
    except BaseException as error:
        text = (
            f"A plugin raised an exception during an old-style hookwrapper teardown.\n"
            f"Plugin: {impl.plugin_name}, Hook: {hook}\n{type(error).__name__}: {error}"
        )
        warnings.warn(pluggy.PluggyTeardownRaisedWarning(text), stacklevel=6)
        raise
    else:
        _wrapfail(wrapper, "has second yield")
    finally:
        wrapper.close()
    try:
        return outcome.get_result()
    finally:
        del outcome  # a frame that holds an exception of its own traceback is a circle


def _wrapfail(wrapper: Generator[Any, Any, Any], problem: str) -> NoReturn:
    raise wrapper_error(wrapper, problem)


def wrapper_error(wrapper: Generator[Any, Any, Any], problem: str) -> RuntimeError:
    """Return the error of a wrapper that does not yield just once."""
    code: CodeType = wrapper.gi_code  # type: ignore[attr-defined]  # wrappers are generator functions
    return RuntimeError(
        f"hook wrapper {code.co_name!r} at {code.co_filename}:{code.co_firstlineno} {problem}"
    )


# -------------------------------------------------------------------------
# Source text
# -------------------------------------------------------------------------


class _Source:
    """The source of a compiled call, its names, and which line belongs to which implementation."""

    def __init__(self, call: HookCall, impls: Sequence[pluggy.HookImpl], prefix: str) -> None:
        self.call = call
        self.impls = impls
        self.prefix = prefix
        self.names = {
            name: name if _is_plain_name(name) else f"_a{index}" for index, name in enumerate(call.parameters)
        }
        self.lines = [
            f"def {call.name if call.name.isidentifier() else 'call'}({', '.join(self.names.values())}):"
        ]
        self.owners: dict[int, pluggy.HookImpl] = {}
        self.namespace: dict[str, Any] = {
            "__name__": __name__,
            "_impls": tuple(impls),
            "_hook": call.name,
            "_blame": None,
        }
        self.expressions = [self._expression(index, impl) for index, impl in enumerate(impls)]

    def _expression(self, index: int, impl: pluggy.HookImpl) -> str:
        function, positional = self._target(impl)
        keywords = () if function is not impl.function else impl.kwargnames
        for name in positional:
            if name not in self.names:
                self.namespace["_missing"] = _missing
                return f"_missing({name!r})"
        observe = self.call.observe
        self.namespace[f"{self.prefix}{index}"] = (
            function if observe is None else observe(self.call.name, impl, function)
        )
        arguments = [self.names[name] for name in positional]
        arguments += [f"{name}={self.names[name]}" for name in keywords if name in self.names]
        return f"{self.prefix}{index}({', '.join(arguments)})"

    def _target(self, impl: pluggy.HookImpl) -> tuple[Callable[..., Any], tuple[str, ...]]:
        """Return what is called for an implementation, and the names of its positional arguments."""
        target = getattr(impl.function, _DIRECT, None) if self.call.direct else None
        return target or (impl.function, impl.argnames)

    def is_passed_through(self, impl: pluggy.HookImpl) -> bool:
        """Whether the implementation takes just what the compiled call takes."""
        return self._target(impl)[1] == self.call.parameters and f"{self.prefix}0" in self.namespace

    def add(self, line: str) -> None:
        self.lines.append(line)

    def add_line(self, index: int, line: str) -> None:
        self.lines.append(line)
        self.owners[len(self.lines)] = self.impls[index]

    def add_call(self, index: int, before: str, after: str = "") -> None:
        self.add_line(index, before + self.expressions[index] + after)

    def begin(self, blame: Blame | None) -> str:
        """Open the function's body, and return its indentation."""
        if blame is None or self.call.kind == "every":
            return "    "
        self.add("    try:")
        return "        "

    def finish(self, blame: Blame | None) -> Callable[..., Any]:
        if blame is not None and self.call.kind != "every":
            if len(self.lines) == 2:
                self.add("        pass")
            self.add("    except BaseException as error:")
            self.add("        _blame_line(error)")
            self.add("        raise")
        return self.build(blame)

    def build(self, blame: Blame | None) -> Callable[..., Any]:
        if blame is not None:
            self.namespace["_blame"] = blame
            self.namespace["_blame_line"] = functools.partial(_blame_line, blame, self.owners, self.call.name)
        source = "\n".join(self.lines) + "\n"
        exec(_code(source, self.call.name), self.namespace)  # noqa: S102 - made of names that were checked above
        return self.namespace[_function_name(self.lines[0])]  # type: ignore[no-any-return]


def _is_plain_name(name: str) -> bool:
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("_")
        and name
        not in {
            "result",
            "results",
            "error",
            "errors",
            "wrapper",
            "teardowns",
            "next",
            "BaseException",
            "StopIteration",
        }
    )


def _function_name(line: str) -> str:
    return line.removeprefix("def ").partition("(")[0]


@functools.lru_cache(maxsize=1024)
def _code(source: str, hook: str) -> CodeType:
    """Compile `source`, and let tracebacks show its lines."""
    filename = f"<{hook}, compiled {hash(source) & 0xFFFFFFFF:08x}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    return compile(source, filename, "exec")


def _blame_line(blame: Blame, owners: dict[int, pluggy.HookImpl], hook: str, error: BaseException) -> None:
    """Blame the implementation on whose line of the compiled call `error` came up."""
    traceback = error.__traceback__
    if traceback is not None and (impl := owners.get(traceback.tb_lineno)) is not None:
        blame(error, impl, hook)


def _missing(argument: str) -> NoReturn:
    raise pluggy.HookCallError(f"hook call must provide argument {argument!r}")
