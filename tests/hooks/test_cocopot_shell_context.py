"""`cocopot_shell_context`: names for the interactive shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot import g, hookimpl
from tests.hooks.support import app_with

if TYPE_CHECKING:
    from collections.abc import Generator


def names(**values: Any) -> object:
    """Return a plugin that contributes these names."""

    class Plugin:
        @hookimpl
        def cocopot_shell_context(self) -> dict[str, Any]:
            return values

    return Plugin()


def test_fires_when_the_shell_asks() -> None:
    """It fires whenever the names are requested, with the application as its argument."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_shell_context(self, app: Any) -> dict[str, Any]:
            seen.append(app)
            return {"count": len(seen)}

    app = app_with(plugin=Plugin())
    app.test_client().get("/")
    assert [app.make_shell_context() for _ in range(2)] == [{"app": app, "g": g, "count": n} for n in (1, 2)]
    assert seen == [app, app]


def test_who_wins() -> None:
    """The application's names win over a plugin's, and a later plugin's over an earlier one's."""
    app = app_with(one=names(a=1, b=1, c=1), two=names(b=2, c=2))
    app.shell_context_processor(lambda: {"c": 3})
    assert app.make_shell_context() == {"app": app, "g": g, "a": 1, "b": 2, "c": 3}


def test_a_wrapper_may_add_names() -> None:
    """What a wrapper returns is taken in place of the results."""

    class Wrapper:
        @hookimpl(wrapper=True)
        def cocopot_shell_context(self) -> Generator[None, Any, Any]:
            results = yield
            return [*results, {"count": len(results)}]

    app = app_with(wrapper=Wrapper(), one=names(a=1))
    assert app.make_shell_context() == {"app": app, "g": g, "a": 1, "count": 1}
