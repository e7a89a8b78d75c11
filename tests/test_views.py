from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from cocopot import Cocopot, request
from cocopot.views import MethodView, View

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot.types import ResponseValue


class Count(View):
    """Counts its calls."""

    def __init__(self, start: int = 0, *, step: int = 1) -> None:
        self.count = start
        self.step = step

    def dispatch_request(self, **kwargs: Any) -> ResponseValue:
        self.count += self.step
        return {"count": self.count, **kwargs}


class Shared(Count):
    init_every_request = False


class Notes(MethodView):
    def get(self, **kwargs: Any) -> ResponseValue:
        return {"method": request.method, **kwargs}

    def post(self) -> ResponseValue:
        return "posted"


def serve(view: type[View], *args: Any, **kwargs: Any) -> Any:
    """Return a client of an application that serves a class at `/`, and at `/N` with a number."""
    app = Cocopot("tests_of_views", autoload=False)
    app.testing = True
    function = view.as_view("it", *args, **kwargs)
    app.add_url_rule("/", view_func=function)
    app.add_url_rule("/<int:n>", view_func=function)
    return app.test_client()


class TestView:
    def test_values(self) -> None:
        """The values of the URL are passed to `dispatch_request`."""
        client = serve(Count)
        assert client.get("/3").json == {"count": 1, "n": 3}
        assert client.application.view_functions["it"].view_class is Count

    def test_replaced_class(self) -> None:
        """A class that is assigned to `view_class` of the function is used from the next request on."""

        class Other(Count):
            def dispatch_request(self, **kwargs: Any) -> Any:
                return "other"

        client = serve(Count)
        client.get("/")
        client.application.view_functions["it"].view_class = Other
        assert client.get("/").text == "other"

    def test_instances(self) -> None:
        """Each request has its own instance, or all share one with init_every_request = False."""
        client = serve(Count, 10, step=2)
        assert [client.get("/").json["count"] for _ in "ab"] == [12, 12]
        client = serve(Shared, 10, step=2)
        assert [client.get("/").json["count"] for _ in "ab"] == [12, 14]

    def test_function(self) -> None:
        """The view function has the name that was passed, and the class's module and docstring."""
        function: Any = Count.as_view("counter")
        assert (function.__name__, function.__module__) == ("counter", __name__)
        assert function.__doc__ == "Counts its calls."

    def test_methods(self) -> None:
        """A class may define its methods, and whether OPTIONS is answered automatically."""

        class Own(Count):
            methods: ClassVar[list[str]] = ["PUT", "OPTIONS"]
            provide_automatic_options = False

        client = serve(Own)
        assert client.get("/").status_code == 405
        assert client.put("/").json == client.options("/").json == {"count": 1}

    def test_no_dispatch(self) -> None:
        """A class without `dispatch_request` raises NotImplementedError."""
        with pytest.raises(NotImplementedError, match=r"View has no dispatch_request\(\)"):
            serve(View).get("/")

    def test_decorators(self) -> None:
        """The decorators wrap the view, the last one outermost, and need not keep its name."""

        def around(sign: str) -> Callable[..., Any]:
            def decorate(f: Callable[..., Any]) -> Callable[..., Any]:
                return lambda **kwargs: f"{sign}{f(**kwargs)}{sign}"

            return decorate

        class Own(Count):
            decorators: ClassVar[list[Callable[..., Any]]] = [around("-"), around("+")]

        function: Any = Own.as_view("own")
        assert function() == "+-{'count': 1}-+"
        assert (function.__name__, function.__doc__, function.view_class) == ("own", Own.__doc__, Own)


class TestMethodView:
    def test_by_method(self) -> None:
        """The method of the class that is named like the request's is called; others are not allowed."""
        client = serve(Notes)
        assert client.get("/3").json == {"method": "GET", "n": 3}
        assert client.post("/").text == "posted"
        response = client.put("/")
        assert response.status_code == 405
        assert response.allow.as_set() == {"get", "head", "options", "post"}

    def test_head(self) -> None:
        """HEAD calls `get`, or `head` if it is defined."""

        class Own(Notes):
            def head(self) -> ResponseValue:
                return "", 204

        assert serve(Notes).head("/").status_code == 200
        assert serve(Own).head("/").status_code == 204

    def test_options(self) -> None:
        """OPTIONS is answered automatically, or by `options` if it is defined."""

        class Own(Notes):
            def options(self) -> ResponseValue:
                return "own"

        assert serve(Notes).options("/").allow.as_set() == {"get", "head", "options", "post"}
        assert serve(Own).options("/").text == "own"

    def test_inheritance(self) -> None:
        """A subclass has the methods of its bases, and its own."""

        class Puts(MethodView):
            def put(self) -> ResponseValue:
                return "put"

        class Both(Notes, Puts):
            def post(self) -> ResponseValue:
                return "own post"

        assert Both.methods == {"GET", "POST", "PUT"}
        client = serve(Both)
        assert [client.put("/").text, client.post("/").text] == ["put", "own post"]
        assert Puts.methods == {"PUT"}

    def test_given_methods(self) -> None:
        """An explicit `methods` applies to the class and its subclasses."""

        class Own(Notes):
            methods: ClassVar[set[str]] = {"GET"}

        assert serve(Own).post("/").status_code == 405

        class More(Own):
            def delete(self) -> ResponseValue:
                return "deleted"

        assert More.methods == {"GET", "POST", "DELETE"}

    def test_base_without_methods(self) -> None:
        """A base class without methods has `methods = None`."""

        class Base(MethodView):
            pass

        assert Base.methods is None
        assert type("Own", (Base,), {"get": Notes.get}).methods == {"GET"}  # type: ignore[attr-defined]

    def test_missing_method(self) -> None:
        """A method that the class names and does not have is the programmer's mistake."""

        class Own(Notes):
            methods: ClassVar[set[str]] = {"PATCH"}

        with pytest.raises(TypeError, match="Own lists PATCH in methods but has no such method"):
            serve(Own).patch("/")

    def test_head_without_get(self) -> None:
        """HEAD without `get` or `head` is a mistake of the same kind."""

        class Own(MethodView):
            methods: ClassVar[set[str]] = {"HEAD"}

        with pytest.raises(TypeError, match="Own lists HEAD in methods"):
            serve(Own).head("/")
