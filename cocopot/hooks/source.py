"""The source text of a compiled call, and which of its lines belongs to which implementation."""

from __future__ import annotations

import functools
import keyword
import linecache
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn, TypeAlias

import pluggy
from werkzeug.utils import import_string

from cocopot.functions import guarded
from cocopot.hooks.markers import hookimpl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType, TracebackType

    from cocopot.exceptions import Blame as Blamed

#: An implementation of a hook, or a compiled call; arguments and result depend on the hook.
HookFunction: TypeAlias = Callable[..., Any]
#: How the results of a hook's implementations are used.
Kind = Literal["all", "first", "threaded", "every"]
#: Called with an exception, the implementation that it left, and the hook's name.
Blame: TypeAlias = Callable[[BaseException, pluggy.HookImpl, str], None]
#: Called with an implementation and a hook's name; returns who that is, or `None` for a default.
Culprit: TypeAlias = Callable[[pluggy.HookImpl, str], "Blamed | None"]
#: Called with a hook's name, an implementation and its function; returns what is called in place of it.
Observe: TypeAlias = Callable[[str, pluggy.HookImpl, HookFunction], HookFunction]


class HookCall(NamedTuple):
    """How a hook is to be called.

    Args:
        name: The hook's name.
        parameters: The names of its arguments, in the order in which the compiled call takes them.
        kind: `"all"` results, the `"first"` one, `"threaded"` through, or `"every"` one runs.
        threaded: With `"threaded"`, the parameter that a result replaces.
        result_type: What a result must be an instance of, or `None`.
        results: Whether the results of `"all"` and `"every"` are used.
        observe: Returns functions that report their calls, or `None` without an observer.
        record: Whether the answer of an implementation is recorded on the argument `request`, or `None`.
        culprit: Returns the description of an implementation, for the error about its result.
    """

    name: str
    parameters: tuple[str, ...]
    kind: Kind = "all"
    threaded: str | None = None
    result_type: type | None = None
    results: bool = True
    observe: Observe | None = None
    record: Callable[[pluggy.HookImpl], bool] | None = None
    culprit: Culprit | None = None


def option_of(caller: pluggy.HookCaller | None, name: str) -> Any:
    """Return an option of a hook's specification, also one that pluggy does not have."""
    if caller is None or caller.spec is None:
        return None
    options: Mapping[str, object] = caller.spec.opts
    return options.get(name)


def hook_call(
    caller: pluggy.HookCaller | None,
    hook: str,
    parameters: tuple[str, ...],
    observe: Observe | None,
    *,
    firstresult: bool | None = None,
    results: bool = True,
) -> HookCall:
    """Return how a hook is to be called, from the options of its specification.

    Args:
        caller: pluggy's caller of the hook, if it has been specified or implemented.
        hook: The hook's name.
        parameters: The names of its arguments, in the order in which the compiled call takes them.
        observe: As in `HookCall`.
        firstresult: Whether the first result ends the call; by default as specified.
        results: As in `HookCall`.
    """
    first = option_of(caller, "firstresult") if firstresult is None else firstresult
    threaded = option_of(caller, "threaded")
    result_type = option_of(caller, "result_type")
    kind: Kind = (
        "first" if first else "threaded" if threaded else "every" if option_of(caller, "every") else "all"
    )
    expected = import_string(result_type) if result_type else None
    return HookCall(hook, parameters, kind, threaded, expected, results, observe)


class ApplicationFunction:
    """A function of the application, as a plugin with one hook implementation.

    The function takes some of the hook's arguments by position, whatever it calls them.

    Args:
        hook: The hook.
        function: The function.
        declaration: A function with the names that the hook has for the arguments; pluggy reads them.
    """

    def __init__(
        self, hook: str, function: Callable[..., object], declaration: Callable[..., object]
    ) -> None:
        self.function = function
        self._hook = hook
        setattr(self, hook, hookimpl(declaration))

    def __dir__(self) -> list[str]:
        return [self._hook]


class Source:
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
        self.namespace: dict[str, object] = {
            "__name__": __name__,
            "_impls": tuple(impls),
            "_hook": call.name,
            "_blame": None,
        }
        self.expressions = [self._expression(index, impl) for index, impl in enumerate(impls)]

    def _expression(self, index: int, impl: pluggy.HookImpl) -> str:
        for name in impl.argnames:
            if name not in self.names:
                self.namespace["_missing"] = _missing
                return f"_missing({name!r})"
        observe = self.call.observe
        function = guarded(function_of(impl))
        self.namespace[f"{self.prefix}{index}"] = (
            function if observe is None else observe(self.call.name, impl, function)
        )
        arguments = [self.names[name] for name in impl.argnames]
        arguments += [f"{name}={self.names[name]}" for name in impl.kwargnames if name in self.names]
        return f"{self.prefix}{index}({', '.join(arguments)})"

    def is_passed_through(self, impl: pluggy.HookImpl) -> bool:
        """Whether the implementation takes just what the compiled call takes."""
        return impl.argnames == self.call.parameters and f"{self.prefix}0" in self.namespace

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

    def finish(self, blame: Blame | None) -> HookFunction:
        if blame is not None and self.call.kind != "every":
            if len(self.lines) == 2:
                self.add("        pass")
            self.add("    except BaseException as error:")
            self.add("        _blame_line(error)")
            self.add("        raise")
        return self.build(blame)

    def build(self, blame: Blame | None) -> HookFunction:
        if blame is not None:
            self.namespace["_blame"] = blame
            self.namespace["_blame_line"] = functools.partial(_blame_line, blame, self.owners, self.call.name)
        source = "\n".join(self.lines) + "\n"
        exec(_code(source, self.call.name), self.namespace)  # noqa: S102 - built from names that were checked above
        return self.namespace[_function_name(self.lines[0])]  # type: ignore[return-value]  # just defined


def function_of(impl: pluggy.HookImpl) -> HookFunction:
    """Return the function that a compiled call calls for an implementation."""
    plugin = impl.plugin
    return plugin.function if isinstance(plugin, ApplicationFunction) else impl.function


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
    # Not `error.__traceback__`, which may be a property of its class.
    traceback = _read_traceback(error)
    if traceback is not None and (impl := owners.get(traceback.tb_lineno)) is not None:
        blame(error, impl, hook)


_read_traceback: Callable[[BaseException], TracebackType | None] = BaseException.__dict__[
    "__traceback__"
].__get__


def _missing(argument: str) -> NoReturn:
    raise pluggy.HookCallError(f"hook call must provide argument {argument!r}")


def name_of_namespace(namespace: object) -> str:
    """Return the dotted name of a module or class with hook specifications."""
    name = getattr(namespace, "__qualname__", None)
    return f"{namespace.__module__}.{name}" if name else str(getattr(namespace, "__name__", namespace))
