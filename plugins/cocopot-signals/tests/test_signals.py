"""The ten signals: their senders, arguments and order, in requests to real applications."""

from __future__ import annotations

import inspect
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import cocopot_signals
import flask
import pytest
from cocopot_signals import (
    appcontext_popped,
    appcontext_tearing_down,
    before_render_template,
    got_request_exception,
    message_flashed,
    request_finished,
    request_started,
    request_tearing_down,
    signals,
    template_rendered,
)
from jinja2 import Environment

from cocopot import (
    Cocopot,
    Response,
    current_app,
    flash,
    hookimpl,
    render_template_string,
    session,
    stream_template_string,
)
from cocopot.sessions import Session, SessionInterface

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from cocopot import Request

#: The names of all signals, in the order in which a request sends them.
ORDER = [
    *("appcontext-pushed", "request-started", "before-render-template", "template-rendered"),
    *("message-flashed", "got-request-exception", "request-finished"),
    *("request-tearing-down", "appcontext-tearing-down", "appcontext-popped"),
]


class Shop:
    """Opens empty sessions, and renders with Jinja."""

    @hookimpl
    def cocopot_open_session(self) -> Session:
        return Session()

    @hookimpl
    def cocopot_save_session(self) -> bool:
        return True

    @hookimpl
    def cocopot_template_engine(self) -> Environment:
        return Environment(autoescape=True)


def make_app(*plugins: object) -> Cocopot:
    """Return an application with a view that renders, flashes and raises."""
    app = Cocopot("signalling_shop", autoload=False, plugins=[*plugins, cocopot_signals, Shop])
    app.logger.disabled = True

    @app.get("/")
    def index() -> str:
        return "view"

    @app.get("/broken")
    def broken() -> str:
        render_template_string("{{ bird }}", bird="wren")
        flash("Saved.", "success")
        raise ValueError("broken")

    return app


@pytest.fixture
def app() -> Cocopot:
    return make_app()


@pytest.fixture
def sent() -> Iterator[list[tuple[str, Any, dict[str, Any]]]]:
    """Every signal that is sent during a test: its name, sender and arguments."""
    calls: list[tuple[str, Any, dict[str, Any]]] = []

    def receiver(name: str) -> Callable[..., None]:
        def receive(sender: Any, **arguments: Any) -> None:
            calls.append((name, sender, arguments))

        return receive

    with ExitStack() as stack:
        for name, signal in signals.items():
            stack.enter_context(signal.connected_to(receiver(name)))
        yield calls


def names(sent: list[tuple[str, Any, dict[str, Any]]]) -> list[str]:
    return [name for name, _, _ in sent]


# -- order and arguments ---------------------------------------------------


def test_order(app: Cocopot, sent: list[Any]) -> None:
    """A request that renders, flashes and raises sends all ten, with the application as the sender."""
    assert app.test_client().get("/broken").status_code == 500
    assert names(sent) == ORDER
    assert [sender for _, sender, _ in sent] == [app] * 10


def test_arguments(app: Cocopot, sent: list[Any]) -> None:
    """Each signal has Flask's keyword arguments."""
    app.test_client().get("/broken")
    arguments = {name: values for name, _, values in sent}
    exc = arguments["got-request-exception"].pop("exception")
    assert (type(exc), str(exc)) == (ValueError, "broken")
    for name in ("before-render-template", "template-rendered"):
        assert arguments[name].pop("template").name is None
        assert arguments[name].pop("context")["bird"] == "wren"
    assert arguments["request-finished"].pop("response").status_code == 500
    assert arguments["message-flashed"] == {"message": "Saved.", "category": "success"}
    assert (
        set(arguments.pop("request-tearing-down")) == set(arguments.pop("appcontext-tearing-down")) == {"exc"}
    )
    assert [name for name, values in arguments.items() if values] == ["message-flashed"]


def test_a_request_that_succeeds(app: Cocopot, sent: list[Any]) -> None:
    """Without templates, messages and exceptions, the others are sent; `exc` is then `None`."""
    app.test_client().get("/")
    without = {"before-render-template", "template-rendered", "message-flashed", "got-request-exception"}
    assert names(sent) == [name for name in ORDER if name not in without]
    assert [values["exc"] for _, _, values in sent if "exc" in values] == [None, None]


def test_propagated_exceptions(app: Cocopot, sent: list[Any]) -> None:
    """In test mode the exception leaves the application: there is no response, and `exc` is the exception."""
    app.testing = True
    with pytest.raises(ValueError, match="broken") as caught:
        app.test_client().get("/broken")
    assert names(sent) == [name for name in ORDER if name != "request-finished"]
    assert [values["exc"] for _, _, values in sent if "exc" in values] == [caught.value] * 2


@pytest.mark.parametrize("path", ["/missing", "/broken"])
def test_errors(app: Cocopot, sent: list[Any], path: str) -> None:
    """A 404 is not an exception that is reported, and both have a response that is finished once."""
    response = app.test_client().get(path)
    finished = [values["response"].status_code for name, _, values in sent if name == "request-finished"]
    assert finished == [response.status_code]
    assert ("got-request-exception" in names(sent)) == (path == "/broken")


def test_an_application_context(app: Cocopot, sent: list[Any]) -> None:
    """A context without a request sends what its teardown sends."""
    with app.app_context():
        pass
    assert names(sent) == ["appcontext-tearing-down", "appcontext-popped"]


# -- the place among other plugins -----------------------------------------


class Wrapping:
    """Replaces the response after all plain implementations."""

    @hookimpl(wrapper=True)
    def cocopot_after_request(self) -> Generator[None, Response, Response]:
        yield
        return Response("replaced")


@pytest.mark.parametrize("is_first", [True, False])
def test_request_finished_has_the_final_response(is_first: bool) -> None:
    """It is sent after wrappers and functions of the application, whichever plugin was loaded first."""
    app = make_app(Wrapping) if is_first else make_app()
    if not is_first:
        app.plugins.register(Wrapping(), "wrapping")
    bodies: list[str] = []
    app.after_request(lambda response: Response("changed"))

    def receive(sender: Any, response: Response) -> None:
        bodies.append(response.get_data(as_text=True))

    with request_finished.connected_to(receive, app):
        assert app.test_client().get("/").text == "replaced"
    assert bodies == ["replaced"]


def test_before_and_after_the_functions_of_the_application(app: Cocopot) -> None:
    """A request is started before all functions, and torn down after them."""
    calls: list[str] = []
    app.before_request(lambda: calls.append("before_request"))
    app.teardown_request(lambda exc: calls.append("teardown_request"))
    app.teardown_appcontext(lambda exc: calls.append("teardown_appcontext"))

    def receive(sender: Any, **arguments: Any) -> None:
        calls.append("sent")

    with ExitStack() as stack:
        for signal in (request_started, request_tearing_down, appcontext_tearing_down):
            stack.enter_context(signal.connected_to(receive))
        app.test_client().get("/")
    assert calls == ["sent", "before_request", "teardown_request", "sent", "teardown_appcontext", "sent"]


def test_a_report_that_fails() -> None:
    """An exception is announced, also if another plugin raises in the hook."""

    class Broken:
        @hookimpl
        def cocopot_got_request_exception(self) -> None:
            raise RuntimeError("no network")

    app, seen = make_app(Broken), list[str]()

    def receive(sender: Any, exception: Exception) -> None:
        seen.append(str(exception))

    with got_request_exception.connected_to(receive):
        app.test_client().get("/broken")
    assert seen == ["broken"]


# -- templates and messages ------------------------------------------------


@pytest.mark.parametrize("debug", [True, False])
def test_before_render_template_has_the_whole_context(app: Cocopot, debug: bool) -> None:
    """It has the names of context processors, those of the caller first; it may be added to, and changed."""
    app.debug = debug
    app.context_processor(lambda: {"bird": "lark", "place": "here"})

    def add(sender: Any, template: Any, context: dict[str, Any]) -> None:
        context["whole"] = f"{context['bird']} {context['place']}"
        context["bird"] = "WREN"

    with before_render_template.connected_to(add), app.test_request_context("/"):
        assert render_template_string("{{ whole }}, {{ bird }}", bird="wren") == "wren here, WREN"
    with app.test_request_context("/"):
        assert render_template_string("{{ whole }}", bird="wren") == ""


def test_update_template_context(app: Cocopot, sent: list[Any]) -> None:
    """To collect the names alone renders nothing, and sends nothing."""
    with app.test_request_context("/"):
        app.update_template_context({})
        assert sent == []


def test_streams(app: Cocopot, sent: list[Any]) -> None:
    """A stream sends one signal before its first part, and the other after the last one."""
    with app.test_request_context("/"):
        stream = stream_template_string("a{{ bird }}b", bird="wren")
        next(stream)
        assert names(sent) == ["before-render-template"]
        list(stream)
        assert names(sent) == ["before-render-template", "template-rendered"]


# -- receivers -------------------------------------------------------------


def test_nothing_is_sent_without_receivers(app: Cocopot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no receiver is connected, no signal is sent."""
    sent: list[str] = []
    for signal in signals.values():
        monkeypatch.setattr(signal, "receivers", {})  # other tests of the process may have left some
        monkeypatch.setattr(signal, "send", lambda *args, **kwargs: sent.append("sent"))
    app.test_client().get("/broken")
    assert sent == []
    with message_flashed.connected_to(lambda sender, **arguments: None):
        app.test_client().get("/broken")
    assert sent == ["sent"]


def test_two_applications() -> None:
    """A receiver of one application gets nothing of another one in the process; one without a sender both."""
    one, other = make_app(), make_app()
    of_one, of_both = list[Cocopot](), list[Cocopot]()

    def receive_one(sender: Cocopot) -> None:
        of_one.append(sender)

    def receive_both(sender: Cocopot) -> None:
        of_both.append(sender)

    with request_started.connected_to(receive_one, one), request_started.connected_to(receive_both):
        other.test_client().get("/")
        one.test_client().get("/")
    assert (of_one, of_both) == ([one], [other, one])


def test_a_coroutine_function(app: Cocopot) -> None:
    """A receiver may be an `async def` function, which sees the context."""
    seen: list[Any] = []

    async def receive(sender: Any) -> None:
        seen.append((sender, current_app.name))

    with request_started.connected_to(receive), appcontext_popped.connected_to(receive):
        assert app.test_client().get("/").text == "view"
    app.close()  # it uses the event loop of the process
    assert seen == [(app, app.name)] * 2


def test_a_receiver_that_raises(app: Cocopot) -> None:
    """Its exception is that of the hook, and names the plugin that sent the signal."""
    app.testing = True

    def refuse(sender: Any) -> None:
        raise RuntimeError("closed")

    with request_started.connected_to(refuse), pytest.raises(RuntimeError, match="closed") as caught:
        app.test_client().get("/")
    assert "Raised by plugin 'signals' in hook cocopot_request_started." in caught.value.__notes__
    assert app.test_client().get("/").text == "view"


def test_a_receiver_that_a_view_connects(app: Cocopot) -> None:
    """A receiver may be connected by a view, for what follows in the same request."""
    seen: list[str] = []

    def receive(sender: Any, response: Response) -> None:
        seen.append(response.get_data(as_text=True))

    @app.get("/connect")
    def connect() -> str:
        request_finished.connect(receive, app)
        return "connected"

    app.test_client().get("/connect")
    request_finished.disconnect(receive, app)
    app.test_client().get("/")
    assert seen == ["connected"]


# -- Flask -----------------------------------------------------------------


@pytest.mark.parametrize("testing", [False, True])
def test_the_order_of_flask(app: Cocopot, sent: list[Any], testing: bool) -> None:
    """The same view in Flask sends the same signals with the same arguments, in the same order."""
    other = flask.Flask("other_signalling_shop")
    other.logger.disabled, other.secret_key = True, "a key for tests only"
    app.testing = other.testing = testing

    @other.get("/broken")
    def broken() -> str:
        flask.render_template_string("{{ bird }}", bird="wren")
        flask.flash("Saved.", "success")
        raise ValueError("broken")

    with ExitStack() as stack:
        for name, ours in signals.items():
            theirs = getattr(flask, name.replace("-", "_"))
            stack.enter_context(theirs.connected_to(ours.send, other))
        for client in (app.test_client(), other.test_client()):
            with suppress(ValueError):
                client.get("/broken")
    of_app, of_other = (
        [(name, sorted(values)) for name, owner, values in sent if owner is sender] for sender in (app, other)
    )
    assert of_app == of_other
    assert len(of_app) == (9 if testing else 10)


class OurSessions:
    """Opens sessions, and notes when one is saved."""

    @hookimpl
    def cocopot_open_session(self) -> Session:
        return Session()

    @hookimpl
    def cocopot_save_session(self, app: Cocopot, response: Response) -> bool:
        app.extensions["note"]("saved")
        response.set_cookie("session", "text")
        return True


class TheirSessions(flask.sessions.SessionInterface):
    """The same for Flask, which calls it also for a session that has not been used."""

    def open_session(self, app: Any, request: Any) -> flask.sessions.SecureCookieSession:
        return flask.sessions.SecureCookieSession()

    def save_session(self, app: Any, session: Any, response: Any) -> None:
        if session.accessed:
            app.extensions["note"]("saved")
            response.set_cookie("session", "text")


def request_with_session(app: Any, finished: Any, used: Any, use: str, fails: str) -> list[str]:
    """Return what happens in a request, in order: the after-request function, the saving, the signal."""
    calls: list[str] = []

    def after(response: Any) -> Any:
        calls.append("after")
        if fails == "after" and calls == ["after"]:
            raise ValueError
        return response

    def index() -> str:
        if use != "none":
            used.get("a")
        if use == "change":
            used["a"] = 1
        if fails == "view":
            raise ValueError
        return ""

    def receive(sender: object, response: Any) -> None:
        calls.append(f"finished {response.status_code} {response.headers.get('Set-Cookie')}")

    app.extensions["note"] = calls.append
    app.after_request(after)
    app.add_url_rule("/", "index", index)
    app.logger.disabled = True
    with finished.connected_to(receive, app):
        app.test_client().get("/")
    return calls


@pytest.mark.parametrize("fails", ["", "view", "after"])
@pytest.mark.parametrize("use", ["none", "read", "change"])
def test_the_session_is_saved_before_the_end_as_in_flask(use: str, fails: str) -> None:
    """`request_finished` is sent once for a response, when the session is saved, as often as in Flask."""
    ours = Cocopot("our_session_shop", autoload=False, plugins=[cocopot_signals, OurSessions])
    theirs = flask.Flask("their_session_shop")
    theirs.session_interface = TheirSessions()
    calls = request_with_session(ours, request_finished, session, use, fails)
    assert calls == request_with_session(theirs, flask.request_finished, flask.session, use, fails)
    assert len([call for call in calls if call.startswith("finished")]) == 1


def save_text(app: Any, response: Any) -> None:
    """Save a session as `OurSessions` does, without the hook."""
    app.extensions["note"]("saved")
    response.set_cookie("session", "text")


class SavingShop(Cocopot):
    """Saves sessions without the hook."""

    def save_session(self, session: Session, response: Response) -> None:
        save_text(self, response)


class CallingShop(Cocopot):
    """Saves sessions as its base class does."""

    def save_session(self, session: Session, response: Response) -> None:
        super().save_session(session, response)


class FailingShop(Cocopot):
    """Cannot save sessions."""

    def save_session(self, session: Session, response: Response) -> None:
        raise ValueError


class Interface(SessionInterface):
    """Opens and saves sessions for the application."""

    def open_session(self, app: Cocopot, request: Request) -> Session:
        return Session()

    def save_session(self, app: Cocopot, session: Session, response: Response) -> None:
        save_text(app, response)


def assigned_shop(name: str, **options: Any) -> Cocopot:
    """Return an application whose method is assigned."""
    app = Cocopot(name, **options)
    app.save_session = lambda session, response: save_text(app, response)  # type: ignore[method-assign]
    return app


def interface_shop(name: str, *, plugins: list[Any], **options: Any) -> Cocopot:
    """Return an application with a session interface, and without a plugin that opens sessions."""
    app = Cocopot(name, plugins=[cocopot_signals], **options)
    app.session_interface = Interface()
    return app


@pytest.mark.parametrize("fails", ["", "view", "after"])
@pytest.mark.parametrize("use", ["none", "read", "change"])
@pytest.mark.parametrize("shop", [SavingShop, CallingShop, assigned_shop, interface_shop])
def test_an_override_of_save_session(shop: Any, use: str, fails: str) -> None:
    """`request_finished` is sent once, as in Flask, whether or not the override calls the hook."""
    ours = shop("our_session_shop", autoload=False, plugins=[cocopot_signals, OurSessions])
    theirs = flask.Flask("their_session_shop")
    theirs.session_interface = TheirSessions()
    calls = request_with_session(ours, request_finished, session, use, fails)
    assert calls == request_with_session(theirs, flask.request_finished, flask.session, use, fails)
    assert len([call for call in calls if call.startswith("finished")]) == 1


def test_an_override_of_save_session_that_fails() -> None:
    """The signal is sent with the 500, with which the session is not saved again."""
    app = FailingShop("our_session_shop", autoload=False, plugins=[cocopot_signals, OurSessions])
    calls = request_with_session(app, request_finished, session, "read", "")
    assert calls == ["after", "after", "finished 500 None"]


def test_an_override_of_save_session_in_further_requests() -> None:
    """The signal is sent once for each."""
    app = SavingShop("our_session_shop", autoload=False, plugins=[cocopot_signals, OurSessions])
    sent: list[int] = []
    app.extensions["note"] = lambda text: None
    app.add_url_rule("/", "index", lambda: str(session.get("a")))
    with request_finished.connected_to(lambda _, response: sent.append(response.status_code), app):
        for _ in range(3):
            app.test_client().get("/")
    assert sent == [200, 200, 200]


def test_the_signals_are_those_of_flask() -> None:
    """They have the names that Flask's signals have."""
    theirs = {name: value.name for name, value in vars(flask.signals).items() if hasattr(value, "receivers")}
    ours = {
        name: value.name for name, value in inspect.getmembers(cocopot_signals) if hasattr(value, "receivers")
    }
    assert ours == theirs
    assert sorted(signals) == sorted(theirs.values()) == sorted(ORDER)


def test_forwarding(app: Cocopot) -> None:
    """What listens to a signal of Flask can get that of Cocopot."""
    seen: list[Any] = []

    def receive(sender: Any, template: Any, context: dict[str, Any]) -> None:
        seen.append((sender, context["bird"]))

    with flask.template_rendered.connected_to(receive):
        with template_rendered.connected_to(flask.template_rendered.send):
            app.test_client().get("/broken")
        app.test_client().get("/broken")
    assert seen == [(app, "wren")]
