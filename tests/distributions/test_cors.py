from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.distributions.environments import CHECKOUT

if TYPE_CHECKING:
    from tests.distributions.environments import Environment, MakeEnvironment

CORS = CHECKOUT / "plugins" / "cocopot-cors"
APPLICATION = """
    {configure}

    @app.delete("/notes")
    def delete():
        return "deleted"

    client = app.test_client()
    origin = {{"Origin": "https://shop.example"}}
    preflight = client.options("/notes", headers={{**origin, "Access-Control-Request-Method": "DELETE"}})
    response = client.delete("/notes", headers=origin)
    result = [[preflight.status_code, dict(preflight.headers)], [response.text, dict(response.headers)]]
    """
ALLOW = "Access-Control-Allow-Origin"


@pytest.fixture
def shop(environment: MakeEnvironment) -> Environment:
    """An environment with the CORS plugin of this checkout, built as a wheel."""
    return environment(CORS)


def test_the_installed_plugin_answers_a_cross_origin_request(shop: Environment) -> None:
    """With nothing but its installation, a preflight and the request that follows it are allowed."""
    outcome = shop.start(APPLICATION.format(configure=""))
    (status, preflight), (text, response) = outcome.result
    assert outcome.plugins == [["cors", "cocopot-cors", "1.0.0"]]
    assert (status, preflight[ALLOW]) == (204, "*")
    assert "DELETE" in preflight["Access-Control-Allow-Methods"]
    assert (text, response[ALLOW]) == ("deleted", "*")


def test_the_installed_plugin_obeys_the_configuration(shop: Environment) -> None:
    """Origins that the application names are allowed by name, and no others."""
    configure = 'app.config["CORS_ORIGINS"] = "{}"'.format
    allowed = shop.start(APPLICATION.format(configure=configure("https://shop.example")))
    assert [headers[ALLOW] for _, headers in allowed.result] == ["https://shop.example"] * 2
    other = shop.start(APPLICATION.format(configure=configure("https://blog.example")))
    assert [ALLOW in headers for _, headers in other.result] == [False, False]


def test_uninstalling_the_plugin_takes_its_headers_away(shop: Environment) -> None:
    """After `pip uninstall` the same application answers as any other does."""
    shop.uninstall("cocopot-cors")
    outcome = shop.start(APPLICATION.format(configure=""))
    (status, preflight), (text, response) = outcome.result
    assert (outcome.plugins, status, text) == ([], 200, "deleted")
    assert [name for name in {**preflight, **response} if name.startswith("Access-Control-")] == []


def test_the_installed_plugin_declares_a_route_option(shop: Environment) -> None:
    """Routes can be exempt from it, which is an error without the plugin."""
    exempt = {"cors": False}
    outcome = shop.start(APPLICATION.format(configure=""), route_options=exempt)
    assert [ALLOW in headers for _, headers in outcome.result] == [False, False]
    shop.uninstall("cocopot-cors")
    with pytest.raises(RuntimeError, match="The route option cors=False of the application is not declared"):
        shop.start(APPLICATION.format(configure=""), route_options=exempt)
