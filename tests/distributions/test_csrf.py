"""cocopot-csrf, built as a wheel and installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.distributions.environments import CHECKOUT

if TYPE_CHECKING:
    from tests.distributions.environments import Environment, MakeEnvironment

APPLICATION = """
    app.add_url_rule("/", "change", lambda: "changed", methods=["POST"])
    app.logger.disabled = True
    client = app.test_client()
    sites = ["same-origin", "cross-site"]
    result = [client.post("/", headers={"Sec-Fetch-Site": site}).status_code for site in sites]
    """


@pytest.fixture
def shop(environment: MakeEnvironment) -> Environment:
    """An environment with the plugin of this checkout, built as a wheel."""
    return environment(CHECKOUT / "plugins" / "cocopot-csrf")


def test_the_installed_plugin_checks_requests(shop: Environment) -> None:
    """With nothing but its installation, requests of other sites are rejected."""
    outcome = shop.start(APPLICATION)
    assert outcome.plugins == [["csrf", "cocopot-csrf", "1.0.0"]]
    assert outcome.result == [200, 403]


def test_a_disabled_plugin_checks_nothing(shop: Environment) -> None:
    """An application without the plugin accepts every request."""
    outcome = shop.start(APPLICATION, disable={"csrf"})
    assert (outcome.plugins, outcome.result) == ([], [200, 200])
