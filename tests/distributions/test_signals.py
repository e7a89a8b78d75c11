from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.distributions.environments import CHECKOUT

if TYPE_CHECKING:
    from tests.distributions.environments import Environment, MakeEnvironment

APPLICATION = """
    from cocopot_signals import request_finished, request_started, signals

    result = []

    @request_started.connect
    def started(sender):
        result.append(["started", sender.name])

    @request_finished.connect_via(app)
    def finished(sender, response):
        result.append(["finished", response.status_code])

    app.test_client().get("/missing")
    """


@pytest.fixture
def shop(environment: MakeEnvironment) -> Environment:
    """An environment with the signals plugin of this checkout, built as a wheel, and with blinker."""
    made = environment(CHECKOUT / "plugins" / "cocopot-signals")
    made.install("blinker>=1.9", dependencies=True)
    return made


def test_the_installed_plugin_sends_signals(shop: Environment) -> None:
    """With nothing but its installation, receivers get the signals of a request."""
    outcome = shop.start(APPLICATION)
    assert outcome.plugins == [["signals", "cocopot-signals", "1.0.0"]]
    assert outcome.result == [["started", "application"], ["finished", 404]]


def test_a_disabled_plugin_sends_nothing(shop: Environment) -> None:
    """The signals can be imported, and have receivers, but an application without the plugin sends none."""
    outcome = shop.start(APPLICATION, disable={"signals"})
    assert (outcome.plugins, outcome.result) == ([], [])
