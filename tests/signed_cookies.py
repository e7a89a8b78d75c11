"""The session interface of docs/sessions.md, for tests that need sessions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cocopot import Cocopot, get_flashed_messages, session

if TYPE_CHECKING:
    from cocopot.sessions import SessionInterface

_PAGE = Path(__file__).parents[1] / "docs" / "sessions.md"


def _from_documentation() -> Any:
    blocks = _PAGE.read_text("utf-8").split("```python\n")
    (block,) = (block for block in blocks if "class SignedCookies" in block)
    imports = "from datetime import timedelta\nfrom cocopot import request\n"
    source = imports + block.partition("signed = Cocopot")[0]
    names: dict[str, Any] = {"__name__": __name__}
    exec(source, names)
    return names["SignedCookies"]


#: The class that the page shows.
SignedCookies: type[SessionInterface] = _from_documentation()


class Counting(SignedCookies):  # type: ignore[misc, valid-type]  # of the page
    """Counts how often sessions are opened and saved."""

    opened = saved = 0

    def open_session(self, app: Any, request: Any) -> Any:
        """Open a session."""
        self.opened += 1
        return super().open_session(app, request)

    def save_session(self, app: Any, session: Any, response: Any) -> None:
        """Save a session."""
        self.saved += 1
        super().save_session(app, session, response)


class Shop(Cocopot):
    """An application with signed cookies, in test mode."""

    def __init__(self, name: str = "shop", **options: Any) -> None:
        super().__init__(name, autoload=False, **options)
        self.testing = True
        self.secret_key = "a key for tests only"
        self.sessions = self.session_interface = Counting()
        self.add_url_rule("/", "index", lambda: "view")
        self.add_url_rule("/read", "read", lambda: str(session.get("user")))
        self.add_url_rule("/messages", "messages", lambda: get_flashed_messages(True))
        self.add_url_rule("/write/<user>", "write", write)

    @property
    def counts(self) -> tuple[int, int]:
        """How often sessions have been opened and saved."""
        return self.sessions.opened, self.sessions.saved


def write(user: str) -> str:
    """Store a user in the session."""
    session["user"] = user
    return "written"
