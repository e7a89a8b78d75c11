from __future__ import annotations

import html

import pytest
import werkzeug.exceptions
import werkzeug.routing

from cocopot import Cocopot, exceptions
from cocopot.exceptions import HTTPException, PluginError, RequestRedirect

HTTP = [name for name in exceptions.__all__ if isinstance(getattr(exceptions, name), type)]


class TestReexports:
    def test_complete(self) -> None:
        """Every HTTP exception of Werkzeug with a status code can be imported from here."""
        codes = {cls.__name__ for cls in werkzeug.exceptions.default_exceptions.values()}
        assert codes <= set(exceptions.__all__)
        assert exceptions.__all__ == sorted(exceptions.__all__)

    @pytest.mark.parametrize("name", [name for name in HTTP if name != "PluginError"])
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
        """What is not known is `None`, and a plugin error is no HTTP exception."""
        error = PluginError("broken")
        assert [error.plugin, error.distribution, error.version, error.entry_point, error.hook] == [None] * 5
        assert not isinstance(error, HTTPException)
