"""`cocopot_url_defaults`: fill in values for a URL that is about to be built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Blueprint, Cocopot, hookimpl, url_for
from tests.hooks.support import BLAMED, app_with

if TYPE_CHECKING:
    from collections.abc import Generator

    import pluggy

    from cocopot.hooks.candidates import Candidate


def recorder(calls: list[str], name: str, *, tryfirst: bool = False, trylast: bool = False) -> object:
    """Return a plugin that records its name."""

    class Recorder:
        @hookimpl(tryfirst=tryfirst, trylast=trylast)
        def cocopot_url_defaults(self) -> None:
            calls.append(name)

    return Recorder()


def build(app: Cocopot, endpoint: str = "index", **values: Any) -> str:
    """Build a URL inside a request."""
    with app.test_request_context("/"):
        return url_for(endpoint, **values)


def test_fires_in_url_for() -> None:
    """It comes with application, endpoint and values whenever a URL is built, and not in a request."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_url_defaults(self, app: Any, endpoint: str, values: dict[str, Any]) -> None:
            seen.append((app.name, endpoint, dict(values)))

    app = app_with(plugin=Plugin())
    app.test_client().get("/")
    assert build(app, page=2) == "/?page=2"
    assert seen == [("shop", "index", {"page": 2})]


def test_values_change_in_place() -> None:
    """A value that is filled in appears in the URL; a result is ignored."""

    class Plugin:
        @hookimpl
        def cocopot_url_defaults(self, values: dict[str, Any]) -> str:
            values.setdefault("language", "en")
            return "ignored"

    app = app_with(plugin=Plugin())
    app.add_url_rule("/<language>/", "home", lambda language: language)
    assert build(app, "home") == "/en/"
    assert build(app, "home", language="fr") == "/fr/"


def test_order() -> None:
    """Plugins run in load order, then the application's functions, the first registered first."""
    calls: list[str] = []
    app = app_with(
        late=recorder(calls, "trylast", trylast=True),
        one=recorder(calls, "one"),
        two=recorder(calls, "two"),
        early=recorder(calls, "tryfirst", tryfirst=True),
    )
    app.url_defaults(lambda endpoint, values: calls.append("app 1"))
    app.url_defaults(lambda endpoint, values: calls.append("app 2"))
    build(app)
    assert calls == ["tryfirst", "one", "two", "app 1", "app 2", "trylast"]


def test_blueprint() -> None:
    """A blueprint's functions run for its endpoints, wherever the request went, after the application's."""
    calls: list[str] = []
    app = app_with(plugin=recorder(calls, "plugin"))
    app.url_defaults(lambda endpoint, values: calls.append("app"))
    outer, inner = Blueprint("outer", "shop", url_prefix="/o"), Blueprint("inner", "shop", url_prefix="/i")
    outer.url_defaults(lambda endpoint, values: calls.append("outer"))
    inner.url_defaults(lambda endpoint, values: calls.append("inner"))
    inner.add_url_rule("/", "index", lambda: "view")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    assert build(app, "outer.inner.index") == "/o/i/"
    assert build(app) == "/"
    assert calls == ["plugin", "app", "outer", "inner", "plugin", "app"]


def test_by_name() -> None:
    """Called by name, it fills the values in; a blueprint's functions look at the endpoint themselves."""
    app = app_with()
    blueprint = Blueprint("bp", "shop")
    blueprint.url_defaults(lambda endpoint, values: values.update(bp=True))
    app.register_blueprint(blueprint)
    app.url_defaults(lambda endpoint, values: values.update(app=True))
    inside: dict[str, Any] = {}
    outside: dict[str, Any] = {}
    app.plugins.hook.cocopot_url_defaults(app=app, endpoint="bp.index", values=inside)
    app.plugins.hook.cocopot_url_defaults(app=app, endpoint="index", values=outside)
    assert (inside, outside) == ({"app": True, "bp": True}, {"app": True})


def test_wrappers() -> None:
    """Wrappers of both styles lie around everybody else; the one that was loaded first is outermost."""
    calls: list[str] = []

    class New:
        @hookimpl(wrapper=True)
        def cocopot_url_defaults(self) -> Generator[None, Any, Any]:
            calls.append("new in")
            result = yield
            calls.append("new out")
            return result

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_url_defaults(self) -> Generator[None, pluggy.Result[Any], None]:
            calls.append("old in")
            outcome = yield
            calls.append(f"old out {outcome.exception}")

    app = app_with(plain=recorder(calls, "plain"), new=New(), old=Old())
    build(app)
    assert calls == ["new in", "old in", "plain", "old out None", "new out"]


def test_an_exception_leaves_url_for() -> None:
    """The rest does not run, and the caller gets the exception."""
    calls: list[str] = []

    class Broken:
        @hookimpl
        def cocopot_url_defaults(self) -> None:
            raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"):
        build(app_with(broken=Broken(), later=recorder(calls, "later")))
    assert calls == []


@pytest.mark.parametrize(("candidate", "who"), BLAMED)
def test_blame(candidate: Candidate | None, who: str) -> None:
    """An exception names the plugin, where it comes from, and the hook."""

    class Broken:
        @hookimpl
        def cocopot_url_defaults(self) -> None:
            raise ValueError("broken")

    app = app_with()
    app.plugins.register(Broken(), "broken", candidate=candidate)
    with pytest.raises(ValueError, match="broken") as caught:
        build(app)
    assert caught.value.__notes__ == [f"Raised by {who} in hook cocopot_url_defaults."]
