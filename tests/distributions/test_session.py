"""cocopot-session, built as a wheel and installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.distributions.environments import CHECKOUT

if TYPE_CHECKING:
    from tests.distributions.environments import Environment, MakeEnvironment

APPLICATION = """
    from cocopot import session

    app.testing = True
    app.secret_key = "a key for tests only, of 32 bytes or more"

    @app.get("/")
    def count():
        session.setdefault("visits", []).append(1)
        return str(len(session["visits"]))

    client = app.test_client()
    try:
        result = [client.get("/").text for _ in range(3)]
    except RuntimeError as error:
        result = str(error)
    """


@pytest.fixture
def shop(environment: MakeEnvironment) -> Environment:
    """An environment with the plugin of this checkout, built as a wheel, and with what it depends on."""
    made = environment(CHECKOUT / "plugins" / "cocopot-session")
    made.install("itsdangerous>=2.2", "msgspec>=0.19", dependencies=True)
    return made


def test_the_installed_plugin_stores_sessions(shop: Environment) -> None:
    """With nothing but its installation and a key, a session is stored."""
    outcome = shop.start(APPLICATION)
    assert outcome.plugins == [["session", "cocopot-session", "1.0.0"]]
    assert outcome.result == ["1", "2", "3"]


def test_a_disabled_plugin_stores_nothing(shop: Environment) -> None:
    """A change of the session is an error that names what to do."""
    outcome = shop.start(APPLICATION, disable={"session"})
    assert outcome.plugins == []
    assert "The plugin 'session' is disabled by disable=" in str(outcome.result)
