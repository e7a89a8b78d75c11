"""What a call of a function does, and which functions are rejected at their registration."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Blueprint, Cocopot
from cocopot.functions import check_function, function_kind, name_of
from cocopot.views import MethodView

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def plain(*args: Any, **kwargs: Any) -> str:
    return "plain"


def generator(*args: Any, **kwargs: Any) -> Iterator[str]:
    yield "generator"


async def coroutine(*args: Any, **kwargs: Any) -> str:
    return "coroutine"


async def stream(*args: Any, **kwargs: Any) -> AsyncIterator[str]:
    yield "asynchronous generator"


class Methods:
    def plain(self) -> None: ...

    def generator(self) -> Iterator[None]:
        yield

    @staticmethod
    def static() -> Iterator[None]:
        yield

    @classmethod
    def of_class(cls) -> Iterator[None]:
        yield

    async def coroutine(self) -> None: ...

    __call__ = generator
    partial = functools.partialmethod(generator)


class Itself: ...


itself: Any = Itself()
setattr(Itself, "__call__", itself)  # noqa: B010 - it is not a method


def driven(function: Callable[..., Iterator[str]]) -> Callable[[], list[str]]:
    """Return a function that runs a generator function, with its name."""

    @functools.wraps(function)
    def inner() -> list[str]:
        return list(function())

    return inner


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (plain, "plain"),
        (lambda: None, "plain"),
        (len, "plain"),
        (Methods, "plain"),
        (Methods().plain, "plain"),
        (itself, "plain"),
        (driven(generator), "plain"),
        (functools.partial(plain, 1), "plain"),
        (generator, "generator"),
        (lambda: (yield), "generator"),
        (functools.partial(generator), "generator"),
        (functools.partial(functools.partial(generator), 1), "generator"),
        (functools.cache(generator), "generator"),
        (Methods().generator, "generator"),
        (Methods.static, "generator"),
        (Methods.of_class, "generator"),
        (Methods().partial, "generator"),
        (Methods(), "generator"),
        (functools.partial(Methods()), "generator"),
        (coroutine, "coroutine"),
        (stream, "asynchronous generator"),
        (functools.partial(coroutine), "coroutine"),
        (functools.partial(Methods().coroutine), "coroutine"),
    ],
)
def test_the_called_function_decides(function: object, kind: str) -> None:
    """A partial, a method or an object is what it calls; a decorator's own function decides."""
    assert function_kind(function) == kind


class Greeter:
    def __call__(self) -> None: ...

    def method(self) -> None: ...


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (plain, f"{__name__}.plain"),
        (functools.partial(plain), f"{__name__}.plain"),
        (Greeter(), f"{__name__}.Greeter"),
        (Greeter().method, f"{__name__}.Greeter.method"),
        (len, "builtins.len"),
    ],
)
def test_name_of(function: Callable[..., Any], name: str) -> None:
    """Every callable has a name for the lists, whatever sort of object it is."""
    assert name_of(function) == name


def test_the_error_names_function_place_and_cure() -> None:
    """What is rejected is named with its file and line, and with what to do in place of it."""
    line = inspect.getsourcelines(generator)[1]
    with pytest.raises(TypeError) as caught:
        check_function("@before_request", generator)
    text = str(caught.value)
    assert text.startswith(f"@before_request: the function {__name__}.generator has a `yield`")
    assert "@hookimpl(wrapper=True)" in text
    assert text.endswith(
        f"\n  at {__file__}:{line}: def generator(*args: Any, **kwargs: Any) -> Iterator[str]:"
    )


DECORATORS = (
    "before_request",
    "after_request",
    "teardown_request",
    "url_value_preprocessor",
    "url_defaults",
    "teardown_appcontext",
    "on_startup",
    "on_shutdown",
    "shell_context_processor",
    "url_build_error_handler",
    "context_processor",
    "before_app_request",
    "after_app_request",
    "teardown_app_request",
    "app_url_value_preprocessor",
    "app_url_defaults",
    "app_context_processor",
)
REGISTRARS: list[Any] = [Cocopot(__name__, autoload=False), Blueprint("bp", __name__)]


@pytest.mark.parametrize(
    ("registrar", "name"),
    [(registrar, name) for registrar in REGISTRARS for name in DECORATORS if hasattr(registrar, name)],
)
def test_a_function_that_would_never_run_is_rejected(registrar: Any, name: str) -> None:
    """Each decorator takes functions that a call runs, and nothing that cannot be called."""
    for function in (generator, Methods(), functools.partial(generator), stream):
        with pytest.raises(TypeError, match=f"^@\\w*{name.removeprefix('app_').partition('_app')[0]}"):
            getattr(registrar, name)(function)
    with pytest.raises(TypeError, match="takes a function, not 'text'"):
        getattr(registrar, name)("text")


def test_the_tables_reject_it_too() -> None:
    """A function cannot come in through the tables, and a list that is rejected changes nothing."""
    app = Cocopot(__name__, autoload=False)
    functions = app.before_request_funcs[None]
    with pytest.raises(TypeError, match="yield"):
        functions.append(generator)
    with pytest.raises(TypeError, match="yield"):
        functions[:] = [plain, stream]
    with pytest.raises(TypeError, match="takes a function, not 42"):
        app.error_handler_spec[None] = {404: plain, 500: 42}
    with pytest.raises(TypeError, match="async def"):
        app.url_default_functions[None].append(coroutine)
    assert app.before_request_funcs[None] == []
    assert not app.error_handler_spec[None]


def test_streams() -> None:
    """A generator function as view, and as error handler, is the body of the response."""
    app = Cocopot(__name__, autoload=False)
    app.get("/")(generator)
    app.errorhandler(404)(generator)
    assert app.test_client().get("/").text == "generator"
    assert app.test_client().get("/missing").text == "generator"


def test_class_based_views() -> None:
    """The class itself is not a view, and its methods are functions."""

    class Text(MethodView):
        def get(self) -> str:
            return "text"

    class NotCallable(MethodView):
        get = "text"

    app = Cocopot(__name__, autoload=False)
    with pytest.raises(TypeError, match=r"pass Text\.as_view\('text'\)"):
        app.add_url_rule("/", view_func=Text)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"NotCallable\.as_view\(\) takes a function, not 'text'"):
        NotCallable.as_view("view")


@pytest.mark.parametrize("registrar", REGISTRARS)
@pytest.mark.parametrize("name", ["route", "get", "post", "put", "delete", "patch", "endpoint"])
def test_decorators_without_parentheses(registrar: Any, name: str) -> None:
    """A decorator that takes a rule rejects the function below it at once, and shows the parentheses."""
    with pytest.raises(TypeError, match=f"{name}\\(\\) takes .*, not {__name__}.plain. Pass .*: @{name}\\("):
        getattr(registrar, name)(plain)
    with pytest.raises(TypeError, match=f"{name}\\(\\) takes .*, not 42."):
        getattr(registrar, name)(42)


@pytest.mark.parametrize("registrar", REGISTRARS)
@pytest.mark.parametrize("name", ["errorhandler", "app_errorhandler"])
def test_error_handlers_without_parentheses(registrar: Any, name: str) -> None:
    """Without a code or a class there is no error that the function could handle."""
    if hasattr(registrar, name):
        with pytest.raises(TypeError, match=r"in parentheses: @errorhandler\(404\)"):
            getattr(registrar, name)(plain)


WITHOUT_PARENTHESES = [*DECORATORS, "record", "record_once"]


@pytest.mark.parametrize("name", WITHOUT_PARENTHESES)
def test_decorators_with_parentheses(name: str) -> None:
    """A decorator without arguments rejects parentheses, and shows itself without them."""
    found = [getattr(registrar, name) for registrar in REGISTRARS if hasattr(registrar, name)]
    assert found
    for decorator in found:
        with pytest.raises(TypeError, match=f"Remove the parentheses: @{name}, not @{name}\\(\\)\\."):
            decorator()
        assert decorator.__doc__
