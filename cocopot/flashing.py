"""Flash messages: texts for the next page that the client sees, stored in the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from cocopot.context import current_request_context
from cocopot.proxies import session

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The key of the session that messages are stored under, as pairs of category and message.
_KEY = "_flashes"


def flash(message: str, category: str = "message") -> None:
    """Store a message in the session, for the next page that calls `get_flashed_messages`.

    Args:
        message: The text.
        category: What kind of message it is, such as `"error"` or `"warning"`.

    Raises:
        RuntimeError: If there is no session to store it in, or no request.
    """
    context = current_request_context()
    stored = context.session
    # A new list: a change inside the stored one would not be seen.
    stored[_KEY] = [*stored.get(_KEY, ()), (category, message)]
    app = context.app
    call = app.plugins.compiled_hook("cocopot_message_flashed")
    if call is not None:
        call(app, message, category)


@overload
def get_flashed_messages(
    with_categories: Literal[False] = False, category_filter: Iterable[str] = ()
) -> list[str]: ...
@overload
def get_flashed_messages(
    with_categories: Literal[True], category_filter: Iterable[str] = ()
) -> list[tuple[str, str]]: ...
@overload
def get_flashed_messages(
    with_categories: bool, category_filter: Iterable[str] = ()
) -> list[str] | list[tuple[str, str]]: ...
def get_flashed_messages(
    with_categories: bool = False, category_filter: Iterable[str] = ()
) -> list[str] | list[tuple[str, str]]:
    """Return the stored messages and remove them from the session; in one request each call returns the same.

    Args:
        with_categories: Whether to return pairs of category and message.
        category_filter: Only these categories; by default all.

    Raises:
        RuntimeError: If there are messages, and the head of the response has been sent: they could not be
            removed. Call it before a body is streamed.
    """
    categories = {category_filter} if isinstance(category_filter, str) else set(category_filter)
    messages = [pair for pair in _messages() if not categories or pair[0] in categories]
    return messages if with_categories else [message for _, message in messages]


def _messages() -> list[tuple[str, str]]:
    context = current_request_context()
    stored = session.get(_KEY)
    state = (context.original or context).opened_session
    if state is None:
        return []
    if state.flashes is None:
        if stored:
            session.pop(_KEY)
        state.flashes = [(category, message) for category, message in stored or ()]
    return state.flashes
