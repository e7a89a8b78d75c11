"""cocopot-headers, built as a wheel and installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.distributions.environments import CHECKOUT

if TYPE_CHECKING:
    from tests.distributions.environments import Environment, MakeEnvironment

APPLICATION = """
    from cocopot import request

    app.add_url_rule("/", "page", lambda: str(getattr(request, "csp_nonce", "")))
    response = app.test_client().get("/")
    result = [response.headers.get("X-Frame-Options"), len(response.text)]
    """


@pytest.fixture
def shop(environment: MakeEnvironment) -> Environment:
    """An environment with the plugin of this checkout, built as a wheel."""
    return environment(CHECKOUT / "plugins" / "cocopot-headers")


def test_the_installed_plugin_adds_headers(shop: Environment) -> None:
    """With nothing but its installation, responses have the headers, and requests a nonce."""
    outcome = shop.start(APPLICATION)
    assert outcome.plugins == [["headers", "cocopot-headers", "1.0.0"]]
    assert outcome.result == ["DENY", 22]


def test_a_disabled_plugin_adds_nothing(shop: Environment) -> None:
    """An application without the plugin has neither."""
    outcome = shop.start(APPLICATION, disable={"headers"})
    assert (outcome.plugins, outcome.result) == ([], [None, 0])
