"""`cocopot_shell_context`: names for the interactive shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import hookimpl
from tests.hooks.support import BLAMED, app_with

if TYPE_CHECKING:
    from collections.abc import Generator

    import pluggy

    from cocopot.hooks.candidates import Candidate


def recorder(calls: list[str], name: str, *, tryfirst: bool = False, trylast: bool = False) -> object:
    """Return a plugin that records its name."""

    class Recorder:
        @hookimpl(tryfirst=tryfirst, trylast=trylast)
        def cocopot_shell_context(self) -> None:
            calls.append(name)

    return Recorder()


def names(**values: Any) -> object:
    """Return a plugin that contributes these names."""

    class Plugin:
        @hookimpl
        def cocopot_shell_context(self) -> dict[str, Any]:
            return values

    return Plugin()


def test_fires_when_the_shell_asks() -> None:
    """It comes whenever the names are asked for, with the application as its argument."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_shell_context(self, app: Any) -> dict[str, Any]:
            seen.append(app)
            return {"count": len(seen)}

    app = app_with(plugin=Plugin())
    app.test_client().get("/")
    assert [app.make_shell_context() for _ in range(2)] == [{"app": app, "count": n} for n in (1, 2)]
    assert seen == [app, app]


def test_who_wins() -> None:
    """The application's names win over a plugin's, and a later plugin's over an earlier one's."""
    app = app_with(one=names(a=1, b=1, c=1), two=names(b=2, c=2))
    app.shell_context_processor(lambda: {"c": 3})
    assert app.make_shell_context() == {"app": app, "a": 1, "b": 2, "c": 3}


def test_order() -> None:
    """Plugins run in load order, then the application's functions, the first registered first."""
    calls: list[str] = []
    app = app_with(
        late=recorder(calls, "trylast", trylast=True),
        one=recorder(calls, "one"),
        two=recorder(calls, "two"),
        early=recorder(calls, "tryfirst", tryfirst=True),
    )
    app.shell_context_processor(lambda: calls.append("app 1"))
    app.shell_context_processor(lambda: calls.append("app 2"))
    app.make_shell_context()
    assert calls == ["tryfirst", "one", "two", "app 1", "app 2", "trylast"]


def test_wrappers() -> None:
    """Wrappers of both styles lie around everybody else; the one that was loaded first is outermost."""
    calls: list[str] = []

    class New:
        @hookimpl(wrapper=True)
        def cocopot_shell_context(self) -> Generator[None, Any, Any]:
            calls.append("new in")
            result = yield
            calls.append("new out")
            return result

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_shell_context(self) -> Generator[None, pluggy.Result[Any], None]:
            calls.append("old in")
            outcome = yield
            calls.append(f"old out {outcome.exception}")

    app = app_with(plain=recorder(calls, "plain"), new=New(), old=Old())
    app.make_shell_context()
    assert calls == ["new in", "old in", "plain", "old out None", "new out"]


def test_by_name() -> None:
    """Called by name, it gives every mapping in order; `None` is left out."""
    app = app_with(one=names(a=1), nothing=recorder([], "nothing"), two=names(b=2))
    app.shell_context_processor(lambda: {"c": 3})
    assert app.plugins.hook.cocopot_shell_context(app=app) == [{"a": 1}, {"b": 2}, {"c": 3}]


def test_a_wrapper_may_add_names() -> None:
    """What a wrapper returns is taken in place of the results."""

    class Wrapper:
        @hookimpl(wrapper=True)
        def cocopot_shell_context(self) -> Generator[None, Any, Any]:
            results = yield
            return [*results, {"count": len(results)}]

    app = app_with(wrapper=Wrapper(), one=names(a=1))
    assert app.make_shell_context() == {"app": app, "a": 1, "count": 1}


@pytest.mark.parametrize(("candidate", "who"), BLAMED)
def test_blame(candidate: Candidate | None, who: str) -> None:
    """An exception names the plugin, where it comes from, and the hook."""

    class Broken:
        @hookimpl
        def cocopot_shell_context(self) -> None:
            raise ValueError("broken")

    app = app_with()
    app.plugins.register(Broken(), "broken", candidate=candidate)
    with pytest.raises(ValueError, match="broken") as caught:
        app.make_shell_context()
    assert caught.value.__notes__ == [f"Raised by {who} in hook cocopot_shell_context."]
