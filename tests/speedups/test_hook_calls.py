"""A hook with one implementation, which the compiled part calls itself, does what it does beside another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, Response, g, hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

HOOKS = ("cocopot_before_request", "cocopot_after_request", "cocopot_teardown_request")


class Stop(BaseException):
    """Not an `Exception`, like `KeyboardInterrupt`."""


def _raise(error: type[BaseException]) -> None:
    raise error("broken")


ACTS: dict[str, Callable[[], object]] = {
    "none": lambda: None,
    "response": lambda: Response("another"),
    "wrong": lambda: 3.5,
    "zero": lambda: 0,
    "error": lambda: _raise(LookupError),
    "stop": lambda: _raise(Stop),
}


class Idle:
    """Keeps each hook from having only one implementation."""

    @hookimpl
    def cocopot_before_request(self) -> None: ...

    @hookimpl
    def cocopot_after_request(self) -> None: ...

    @hookimpl
    def cocopot_teardown_request(self) -> None: ...


def _plugin(hook: str, act: Callable[[], object], seen: list[Any]) -> Any:
    # Arguments in another order than the hook's, and not all of them.
    class Plugin:
        @hookimpl
        def cocopot_before_request(self, request: Any) -> object:
            seen.append(("before", request.path))
            return act() if hook == "cocopot_before_request" else None

        @hookimpl
        def cocopot_after_request(self, response: Any, app: Any, request: Any) -> object:
            seen.append(("after", response.get_data(), app.name, request.path))
            return act() if hook == "cocopot_after_request" else None

        @hookimpl
        def cocopot_teardown_request(self, exc: Any, request: Any) -> object:
            seen.append(("teardown", type(exc), request.path))
            return act() if hook == "cocopot_teardown_request" else None

    return Plugin()


def _facts(error: BaseException) -> Any:
    """Return what an exception is, with who is blamed for it, and what it consists of."""
    parts = [_facts(part) for part in error.exceptions] if isinstance(error, BaseExceptionGroup) else []
    notes, text = getattr(error, "__notes__", []), str(error).replace("1 of 2", "1 of 1")
    causes = type(error.__cause__), type(error.__context__)
    return type(error), text, notes, getattr(error, "_cocopot_blame", None), causes, parts


def _outcome(hook: str, act: str, origin: str, *, is_alone: bool) -> Any:
    app, seen = Cocopot("shop", static_folder=None, autoload=False), list[Any]()
    app.testing = True
    app.get("/page")(lambda: "page")
    run = ACTS[act]
    if origin == "plugin":
        app.plugins.register(_plugin(hook, run, seen), "single")
    else:
        decorator = getattr(app, hook.removeprefix("cocopot_"))
        decorator((lambda: run()) if hook == "cocopot_before_request" else (lambda _value: run()))  # noqa: PLW0108
    if not is_alone:
        app.plugins.register(Idle(), "idle")
    outcomes = []
    for _ in range(2):
        try:
            response = app.test_client().get("/page")
            outcomes.append((response.status_code, response.data))
        except BaseException as error:  # noqa: BLE001 - what is compared
            outcomes.append(_facts(error))
    return outcomes, seen


@pytest.mark.parametrize("origin", ["plugin", "application"])
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("hook", HOOKS)
def test_as_beside_another(hook: str, act: str, origin: str) -> None:
    """Arguments, results, errors, and who is blamed for them, do not depend on another implementation."""
    alone = _outcome(hook, act, origin, is_alone=True)
    assert alone == _outcome(hook, act, origin, is_alone=False)
    if act == "none":
        assert alone[0] == [(200, b"page")] * 2
    if origin == "plugin":
        assert ("teardown", "/page") in [(event[0], event[-1]) for event in alone[1]]


def test_blame() -> None:
    """The error of a plugin's only implementation names the plugin and the hook."""
    for hook in HOOKS[:2]:
        (error, *_), _seen = _outcome(hook, "error", "plugin", is_alone=True)
        assert error[0] is LookupError
        assert len(error[3]) == 1
        assert (error[3][0].plugin, error[3][0].hook) == ("single", hook)


def test_observed() -> None:
    """An observer is notified of the only implementation, from the next request on."""
    app, records = Cocopot("shop", static_folder=None, autoload=False), list[Any]()
    app.get("/page")(lambda: "page")

    @app.before_request
    def note() -> None:
        g.user = "wren"

    client = app.test_client()
    client.get("/page")
    remove = app.plugins.observe(records.append)
    client.get("/page")
    assert [record.hook for record in records if record.plugin.endswith("note")] == ["cocopot_before_request"]
    remove()
    count = len(records)
    client.get("/page")
    assert len(records) == count
