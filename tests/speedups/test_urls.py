"""The compiled functions that build URLs call whatever an application, a plugin or a rule adds to them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.routing import BaseConverter, BuildError

from cocopot import Blueprint, Cocopot, url_for

if TYPE_CHECKING:
    from cocopot.types import Options


class OwnUrls(Cocopot):
    """An application with URLs of its own."""

    def url_for(self, /, endpoint: str, **values: Any) -> str:
        return f"/own{super().url_for(endpoint, **values)}"


class OwnDefaults(Cocopot):
    """An application that fills in values by itself."""

    def inject_url_defaults(self, endpoint: str, values: Options) -> None:
        values["q"] = endpoint


class Odd(BaseConverter):
    """A converter whose texts are not always the end of a path, or texts."""

    def to_url(self, value: Any) -> str:
        if value == "error":
            raise ValueError(value)
        return value  # type: ignore[no-any-return]


def make(cls: type[Cocopot] = Cocopot) -> Cocopot:
    app = cls("shop", autoload=False, static_folder=None)
    app.url_map.converters["odd"] = Odd
    app.add_url_rule("/notes/<int:n>", "note", lambda n: "")
    app.add_url_rule("/<odd:text>", "odd", lambda text: "")
    pages = Blueprint("pages", __name__, url_prefix="/pages")
    pages.add_url_rule("/<int:n>", "page", lambda n: "")
    app.register_blueprint(pages)
    return app


def built(app: Cocopot, endpoint: str = "note", **values: Any) -> str:
    """Return the URL that the function and the method build, the first time and later."""
    with app.test_request_context("/notes/1"):
        urls = {build(endpoint, **values) for build in (url_for, app.url_for) * 2}
    (url,) = urls
    return url


def test_a_subclass_may_override_what_builds_urls() -> None:
    """The method of a subclass is called by the function, and so is its method for defaults."""
    assert built(make(OwnUrls), n=7) == "/own/notes/7"
    assert built(make(OwnDefaults), n=7) == "/notes/7?q=note"


@pytest.mark.parametrize("name", ["url_for", "inject_url_defaults"])
def test_an_application_may_be_assigned_a_method(name: str) -> None:
    """A method that is assigned to one application is called for it from then on, until it is deleted."""
    app = make()
    assert built(app, n=7) == "/notes/7"
    method = (lambda *_, **__: "/own") if name == "url_for" else (lambda _, values: values.update(q=1))
    setattr(app, name, method)
    assert built(app, n=7) == ("/own" if name == "url_for" else "/notes/7?q=1")
    delattr(app, name)
    assert built(app, n=7) == "/notes/7"


def test_defaults_are_those_of_the_scope() -> None:
    """A function of a blueprint fills in the values of its endpoints, also after other URLs were built."""
    app = make()
    pages = Blueprint("more", __name__, url_prefix="/more")
    pages.add_url_rule("/<int:n>", "page", lambda n: "")
    pages.url_defaults(lambda _, values: values.setdefault("n", 5))
    assert built(app, "pages.page", n=7) == "/pages/7"
    app = make()
    app.register_blueprint(pages)
    assert built(app, "pages.page", n=7) == "/pages/7"
    assert built(app, "more.page") == "/more/5"
    with pytest.raises(BuildError):
        built(app, "pages.page")


def test_a_rule_and_a_server_name_count_from_then_on() -> None:
    """What is changed after a URL was built counts for the next one."""
    app = make()
    assert built(app, n=7) == "/notes/7"
    app.config["SERVER_NAME"] = "shop.example"
    assert built(app, n=7) == "/notes/7"
    app.config["SERVER_NAME"] = None
    other = make()
    with app.test_request_context("/notes/1", base_url="http://localhost/root/"):
        assert url_for("note", n=7) == "/root/notes/7"
        assert app.url_for("note", n=7, _anchor="end") == "/root/notes/7#end"
        assert app.url_for("note", n=7, _external=True) == "http://localhost/root/notes/7"
        with pytest.raises(RuntimeError, match="SERVER_NAME"):
            other.url_for("note", n=7)


@pytest.mark.parametrize("text", ["/a", "a/", "error", "\r\n"])
def test_a_converter_of_its_own_writes_its_values(text: str) -> None:
    """What it returns or raises is what the adapter would make of it."""
    app, outcomes = make(), []
    with app.test_request_context("/notes/1") as context:
        adapter = context.url_adapter
        assert adapter is not None
        for build in (url_for, app.url_for, lambda endpoint, **values: adapter.build(endpoint, values)):
            try:
                outcomes.append(build("odd", text=text))
            except ValueError as error:
                outcomes.append(str(error))
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_their_signatures_are_those_of_the_functions_in_python() -> None:
    """An editor shows the parameters, and a wrong one is an error."""
    for function in (url_for, Cocopot.url_for):
        assert list(inspect.signature(function).parameters)[-5:] == [
            *("_anchor", "_method", "_scheme", "_external", "values")
        ]
    with pytest.raises(TypeError, match=r"url_for\(\)"):
        url_for()  # type: ignore[call-arg]
