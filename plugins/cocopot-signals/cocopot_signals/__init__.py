"""Flask's ten signals for Cocopot, sent from hooks to the receivers that are connected.

Each is sent with the application as its sender. A signal without receivers costs one attribute lookup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blinker import Namespace

import cocopot
from cocopot import hookimpl
from cocopot.sessions import NullSession

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from cocopot import Cocopot, Request, Response
    from cocopot.sessions import Session
    from cocopot.templating import Template

#: The name under which the module is registered when it is passed to an application.
plugin_name = "signals"
#: All signals, by the names that they have in Flask, such as `"request-started"`.
signals = Namespace()

template_rendered = signals.signal("template-rendered")
before_render_template = signals.signal("before-render-template")
request_started = signals.signal("request-started")
request_finished = signals.signal("request-finished")
request_tearing_down = signals.signal("request-tearing-down")
got_request_exception = signals.signal("got-request-exception")
appcontext_tearing_down = signals.signal("appcontext-tearing-down")
appcontext_pushed = signals.signal("appcontext-pushed")
appcontext_popped = signals.signal("appcontext-popped")
message_flashed = signals.signal("message-flashed")

_UNSAVED = "cocopot_signals.unsaved"  # in the environment: the application that will save a session


class SaveThenSend:
    """An application's override of `save_session`, after which `request_finished` is sent.

    The override need not call the hook `cocopot_save_session`, which sends it otherwise.

    Args:
        app: The application.
        save: Its method.
    """

    def __init__(self, app: Cocopot, save: Callable[[Session, Response], None]) -> None:
        self._app = app
        self._save = save

    def __call__(self, session: Session, response: Response) -> None:
        try:
            self._save(session, response)
        finally:  # the response to an error here does not save the session again
            is_unsent = cocopot.request.environ.pop(_UNSAVED, None) is self._app
        if is_unsent and request_finished.receivers:
            request_finished.send(self._app, _async_wrapper=self._app.ensure_sync, response=response)


def send_after_override(app: Cocopot) -> None:
    """Wrap the method of an application that overrides `save_session`, unless it is wrapped."""
    save = app.save_session
    is_overridden = getattr(save, "__func__", None) is not cocopot.Cocopot.save_session
    if is_overridden and not isinstance(save, SaveThenSend):
        app.save_session = SaveThenSend(app, save)  # type: ignore[method-assign]  # as a subclass would


@hookimpl(tryfirst=True)
def cocopot_request_started(app: Cocopot) -> None:
    if appcontext_pushed.receivers:
        appcontext_pushed.send(app, _async_wrapper=app.ensure_sync)
    if request_started.receivers:
        request_started.send(app, _async_wrapper=app.ensure_sync)


@hookimpl(wrapper=True, tryfirst=True)
def cocopot_template_context(
    app: Cocopot, template: Template | None, context: dict[str, object]
) -> Generator[None, list[Mapping[str, object]], list[Mapping[str, object]]]:
    results = yield  # around all others: the receivers get the names of every context processor
    if template is None or not before_render_template.receivers:
        return results
    names = {name: value for result in (*results, context) for name, value in result.items()}
    before_render_template.send(app, _async_wrapper=app.ensure_sync, template=template, context=names)
    context.update((name, names[name]) for name in context.keys() & names if names[name] is not context[name])
    return [*results, names]  # with what receivers have added


@hookimpl(trylast=True)
def cocopot_template_rendered(app: Cocopot, template: Template, context: dict[str, object]) -> None:
    if template_rendered.receivers:
        template_rendered.send(app, _async_wrapper=app.ensure_sync, template=template, context=context)


@hookimpl(trylast=True)
def cocopot_message_flashed(app: Cocopot, message: str, category: str) -> None:
    if message_flashed.receivers:
        message_flashed.send(app, _async_wrapper=app.ensure_sync, message=message, category=category)


@hookimpl(wrapper=True, tryfirst=True)
def cocopot_open_session(app: Cocopot, request: Request) -> Generator[None, Session | None, Session | None]:
    session = yield
    if session is not None and not isinstance(session, NullSession):
        request.environ[_UNSAVED] = app
        send_after_override(app)
    return session


@hookimpl(wrapper=True, tryfirst=True)
def cocopot_after_request(app: Cocopot, request: Request) -> Generator[None, Response, Response]:
    response = yield  # around all others: the receivers get the response that they have made
    if request_finished.receivers and request.environ.get(_UNSAVED) is not app:
        request_finished.send(app, _async_wrapper=app.ensure_sync, response=response)
    return response


@hookimpl(wrapper=True, tryfirst=True)
def cocopot_save_session(
    app: Cocopot, request: Request, response: Response
) -> Generator[None, bool | None, bool | None]:
    request.environ.pop(_UNSAVED, None)  # the response to an error here does not save it again
    is_saved = yield
    if request_finished.receivers:  # not before: they get the response with the session's cookie
        request_finished.send(app, _async_wrapper=app.ensure_sync, response=response)
    return is_saved


@hookimpl(tryfirst=True)  # another implementation that raises would stop it
def cocopot_got_request_exception(app: Cocopot, exc: Exception) -> None:
    if got_request_exception.receivers:
        got_request_exception.send(app, _async_wrapper=app.ensure_sync, exception=exc)


@hookimpl(trylast=True)
def cocopot_teardown_request(app: Cocopot, exc: BaseException | None) -> None:
    if request_tearing_down.receivers:
        request_tearing_down.send(app, _async_wrapper=app.ensure_sync, exc=exc)


@hookimpl(trylast=True)
def cocopot_teardown_app_context(app: Cocopot, exc: BaseException | None) -> None:
    if appcontext_tearing_down.receivers:
        appcontext_tearing_down.send(app, _async_wrapper=app.ensure_sync, exc=exc)
    if appcontext_popped.receivers:
        appcontext_popped.send(app, _async_wrapper=app.ensure_sync)
