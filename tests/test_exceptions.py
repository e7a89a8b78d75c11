from __future__ import annotations

import html
import pickle
from typing import TYPE_CHECKING, Any

import pytest
import werkzeug.exceptions
import werkzeug.routing

from cocopot import Cocopot, exceptions
from cocopot.exceptions import (
    Blame,
    HTTPException,
    PluginError,
    RequestRedirect,
    SourceLocation,
    add_blame,
    add_note,
    blame_of,
)
from cocopot.hooks.markers import hookimpl

if TYPE_CHECKING:
    from pathlib import Path

#: What is not Werkzeug's.
OWN = {
    *("Blame", "ConfigError", "ConfigFault", "PluginError", "RouteOptionError", "RouteOptionFault"),
    "SourceLocation",
}
HTTP = [
    name for name in exceptions.__all__ if isinstance(getattr(exceptions, name), type) and name not in OWN
]


class TestReexports:
    def test_complete(self) -> None:
        """Every HTTP exception of Werkzeug with a status code can be imported from here."""
        codes = {cls.__name__ for cls in werkzeug.exceptions.default_exceptions.values()}
        assert codes <= set(exceptions.__all__)
        assert exceptions.__all__ == sorted(exceptions.__all__)

    @pytest.mark.parametrize("name", HTTP)
    def test_same(self, name: str) -> None:
        """They are Werkzeug's own classes, so that what catches those catches these."""
        theirs = getattr(werkzeug.exceptions, name, None) or getattr(werkzeug.routing, name)
        assert getattr(exceptions, name) is theirs

    @pytest.mark.parametrize("code", sorted(werkzeug.exceptions.default_exceptions))
    def test_answers(self, code: int) -> None:
        """Raised by a view, each is answered with its status and a body that names it."""
        app = Cocopot("tests_of_exceptions", autoload=False)
        app.add_url_rule("/", "view", lambda: exceptions.abort(code))
        response = app.test_client().get("/")
        assert response.status_code == code
        assert werkzeug.exceptions.default_exceptions[code]().name in html.unescape(response.text)

    def test_redirect(self) -> None:
        """A redirect of the router is an HTTP exception that knows where to go."""
        assert issubclass(RequestRedirect, HTTPException)
        assert RequestRedirect("/next").new_url == "/next"


class TestPluginError:
    def test_attributes(self) -> None:
        """A plugin error has its message, and what is known of the plugin as attributes."""
        error = PluginError(
            "broken", plugin="cors", distribution="cocopot-cors", version="1.0", entry_point="a:b", hook="h"
        )
        assert str(error) == "broken"
        assert (error.plugin, error.distribution, error.version) == ("cors", "cocopot-cors", "1.0")
        assert (error.entry_point, error.hook) == ("a:b", "h")

    def test_defaults(self) -> None:
        """What is not known is `None`, and a plugin error is not an HTTP exception."""
        error = PluginError("broken")
        assert [error.plugin, error.distribution, error.version, error.entry_point, error.hook] == [None] * 5
        assert (error.subject, error.place, error.cure, error.reason) == ("", None, "", "other")
        assert not isinstance(error, HTTPException)

    def test_text_of_a_sentence(self) -> None:
        """A problem that is a whole sentence is followed by the cure."""
        error = PluginError("It is not installed.", cure="Install it.")
        assert str(error) == "It is not installed. Install it."
        assert (error.problem, error.cure) == ("It is not installed.", "Install it.")

    def test_text_with_a_place(self, tmp_path: Path) -> None:
        """The place has its line of source; the cure has its own line."""
        file = tmp_path / "shop.py"
        file.write_text("import os\n    broken = 1\n", "utf-8")
        error = PluginError(
            "is broken.", subject="Plugin 'shop'", place=SourceLocation(str(file), 2), cure="Mend it."
        )
        assert str(error).splitlines() == [
            "Plugin 'shop' is broken.",
            f"  at {file}:2: broken = 1",
            "Mend it.",
        ]

    def test_text_with_an_unreadable_place(self) -> None:
        """A place that cannot be read is shown without its source."""
        error = PluginError("is broken.", subject="Plugin 'shop'", place=SourceLocation("gone.py", 2))
        assert str(error) == "Plugin 'shop' is broken.\n  at gone.py:2"

    def test_pickle(self) -> None:
        """A plugin error can be sent to another process with all that it knows."""
        error = PluginError(
            "is broken.", subject="Plugin 'shop'", plugin="shop", reason="setup", cure="Mend it."
        )
        copy = pickle.loads(pickle.dumps(error))
        assert str(copy) == str(error)
        assert vars(copy) == vars(error)


class Raises:
    plugin_name = "raises"

    @hookimpl
    def cocopot_before_request(self) -> None:
        raise ValueError("no")


class TestBlame:
    def blame(self, **facts: Any) -> Blame:
        return Blame(
            **{"plugin": "shop", "distribution": None, "version": None, "hook": "h", "place": None, **facts}
        )

    def test_of_a_request(self) -> None:
        """The exception of a plugin has plugin, hook and place as an object."""
        app = Cocopot("tests_of_exceptions", autoload=False, plugins=[Raises()])
        app.testing = True
        with pytest.raises(ValueError, match="no") as caught:
            app.test_client().get("/")
        (blame,) = blame_of(caught.value)
        assert (blame.plugin, blame.hook) == ("raises", "cocopot_before_request")
        assert (blame.distribution, blame.version, blame.origin) == (None, None, "plugin")
        assert blame.place is not None
        assert blame.place.read_line() == "def cocopot_before_request(self) -> None:"

    def test_of_a_function(self) -> None:
        """A function of the application has its name, and its own place."""
        app = Cocopot("tests_of_exceptions", autoload=False)

        @app.teardown_request
        def close(error: BaseException | None) -> None:
            raise ValueError("no")

        app.testing = True
        with pytest.raises(ExceptionGroup) as caught:
            app.test_client().get("/")
        (blame,) = blame_of(caught.value.exceptions[0])
        assert blame.origin == "application"
        assert blame.plugin.startswith("app.teardown_request: ")
        assert blame.place is not None
        assert blame.place.read_line().startswith("def close(")

    def test_none(self) -> None:
        """An exception that left no plugin has no blame."""
        assert blame_of(ValueError()) == ()

    def test_once(self) -> None:
        """The same blame is noted once, and another one after it."""
        error, blame = ValueError(), self.blame()
        add_blame(error, blame)
        add_blame(error, self.blame())
        add_blame(error, self.blame(plugin="other", distribution="shop-other", version="3"))
        assert [item.plugin for item in blame_of(error)] == ["shop", "other"]
        assert error.__notes__ == [
            "Raised by plugin 'shop' in hook h.",
            "Raised by plugin 'other' (shop-other 3) in hook h.",
        ]


def test_notes_of_an_exception_that_is_raised_again_and_again() -> None:
    """One exception object gets each note once, and its notes do not fill the memory."""
    error = ValueError("text")
    for number in range(300):
        add_note(error, "the same")
        add_note(error, f"of a request: {number}")
    assert len(error.__notes__) == 100
    assert error.__notes__.count("the same") == 1
