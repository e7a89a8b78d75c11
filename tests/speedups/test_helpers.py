"""The compiled `abort` and `redirect` do what the exceptions, the aborter and the application define."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import pytest
from werkzeug.exceptions import Aborter, Conflict, Forbidden, HTTPException, MethodNotAllowed, NotFound

from cocopot import Cocopot, Response, abort, redirect
from cocopot.exceptions import RequestRedirect
from cocopot.redirects import redirect_response
from cocopot.routing.slashes import redirect_to

if TYPE_CHECKING:
    from collections.abc import Iterator


class Taken(Conflict):
    """An exception with a constructor of its own."""

    def __init__(self, name: str = "nobody") -> None:
        super().__init__(f"{name} has it")
        self.name_of_owner = name


class Counted(Forbidden):
    """An exception that notes what is set."""

    set_names: list[str]

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__.setdefault("set_names", []).append(name)
        super().__setattr__(name, value)


class Created(NotFound):
    """An exception whose arguments are noted when it is created."""

    first_args: tuple[Any, ...]

    def __new__(cls, *args: Any) -> Self:
        self = super().__new__(cls, *args)
        self.first_args = args
        return self


class Mistaken(Forbidden):
    """An exception that cannot be created."""

    def __init__(self, *_: object) -> None:
        raise ZeroDivisionError


@pytest.fixture
def app() -> Iterator[Cocopot]:
    app = Cocopot("shop", autoload=False, static_folder=None)
    with app.test_request_context("/"):
        yield app


def raised(*args: Any, **kwargs: Any) -> Any:
    with pytest.raises(HTTPException) as caught:
        abort(*args, **kwargs)
    return caught.value


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("kwargs", [{}, {"response": None}])
@pytest.mark.parametrize(("args", "attributes"), [
    ((404,), {"response": None}),
    ((404, None), {"response": None}),
    ((404, "gone"), {"description": "gone", "response": None}),
    ((404, 7), {"description": 7, "response": None}),
])  # fmt: skip
def test_an_exception_is_as_its_constructor_creates_it(
    args: Any, attributes: dict[str, object], kwargs: Any
) -> None:
    """Its class, its attributes and its arguments are those of a call of the class."""
    error = raised(*args, **kwargs)
    assert type(error) is NotFound
    assert error.__dict__ == attributes
    assert error.args == ()


@pytest.mark.usefixtures("app")
def test_a_constructor_of_its_own_is_called() -> None:
    """An exception with further arguments gets them; too many, or none for a code, are errors."""
    error = raised(405, ["GET"])
    assert type(error) is MethodNotAllowed
    assert error.valid_methods == ["GET"]
    made = Response("made")
    assert raised(403, "no", made).response is made
    assert raised(403, response=made).response is made
    assert raised(code=403).code == 403
    with pytest.raises(TypeError, match="positional arguments"):
        abort(403, "no", made, 1)
    with pytest.raises(LookupError, match="299"):
        abort(299)
    with pytest.raises(LookupError):
        abort(True)


def test_exceptions_of_the_application_are_raised(app: Cocopot) -> None:
    """Whatever a class overrides of the creation of an exception runs."""
    app.aborter.mapping.update({404: Created, 403: Counted, 409: Taken, 422: Mistaken})
    assert raised(404, "x").first_args == ("x",)
    assert raised(403).set_names == ["response"]
    assert raised(409).name_of_owner == "nobody"
    assert raised(409, "Ada").description == "Ada has it"
    with pytest.raises(ZeroDivisionError):
        abort(422)


def test_an_aborter_of_the_application_is_called(app: Cocopot) -> None:
    """Its class may override the call."""

    class Own(Aborter):
        def __call__(self, code: Any, *args: Any, **kwargs: Any) -> Any:
            raise Taken(str(code))

    app.__dict__["aborter"] = Own()
    assert raised(404).description == "404 has it"
    app.__dict__["aborter"] = other = Aborter()
    other.mapping = MappingProxyType({404: Taken})  # type: ignore[assignment]
    assert raised(404).description == "nobody has it"


@pytest.mark.usefixtures("app")
def test_a_response_is_carried() -> None:
    """A response, also one of a subclass, is the response of an exception without a code."""

    class Own(Response):
        pass

    for response in (Response("x"), Own("x")):
        error = raised(response)
        assert type(error) is HTTPException
        assert error.__dict__ == {"response": response}
        assert error.args == ()


def test_without_a_context_werkzeug_raises() -> None:
    """The exception of the code is raised outside of a request too."""
    assert type(raised(404)) is NotFound


@pytest.mark.usefixtures("app")
def test_a_redirect_is_what_the_constructor_creates() -> None:
    """Status, headers in their order, body and class are those of a response made by hand."""
    for location in ("/next", "/a?b=<c>&d", "/n\xf6te", "//other/\u20ac", "https://example.com/"):
        response = redirect(location, 307)
        made = Response(response.get_data(), 307, {"Location": location}, mimetype="text/html")
        assert response.__dict__.keys() == made.__dict__.keys()
        assert response.status == made.status == "307 TEMPORARY REDIRECT"
        assert list(response.headers) == list(made.headers)
        assert list(response.get_wsgi_headers({})) == list(made.get_wsgi_headers({}))
    assert (
        redirect("/a?b=<c>").get_data(as_text=True).endswith('<a href="/a?b=&lt;c&gt;">/a?b=&lt;c&gt;</a>\n')
    )


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(("location", "code", "expected"), [
    ("/a\nb", 302, ValueError),
    ("/\ud800", 302, UnicodeEncodeError),
    ("/a", 7, ValueError),
    ("/a", None, None),
])  # fmt: skip
def test_an_invalid_redirect_raises(location: str, code: Any, expected: type[Exception] | None) -> None:
    """A location that no header can contain, and a status that is not one, are errors as elsewhere."""
    if expected is None:
        assert redirect(location, code).status_code == 200
        return
    with pytest.raises(expected):
        redirect(location, code)


def test_classes_of_responses_keep_their_redirects() -> None:
    """A subclass, and a location that is not a text, are left to the constructor."""

    class Own(Response):
        pass

    class Address(str):
        __slots__ = ()

    assert type(redirect_response("/", 302, Own)) is Own
    assert redirect_response("/", 302, Own).headers["Location"] == "/"
    assert redirect_response(Address("/x"), 302, Response).headers["Location"] == "/x"


def test_a_redirect_for_a_slash_is_as_werkzeug_creates_it() -> None:
    """Its class, its attributes and its arguments are those of a call of the class."""
    environ = {"wsgi.url_scheme": "http", "HTTP_HOST": "localhost", "QUERY_STRING": "q=1"}
    error, created = redirect_to(environ, "/notes/"), RequestRedirect("http://localhost/notes/?q=1")
    assert type(error) is RequestRedirect
    assert error.__dict__ == created.__dict__
    assert error.args == created.args
