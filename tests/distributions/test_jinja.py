from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.distributions.environments import CHECKOUT

if TYPE_CHECKING:
    from tests.distributions.environments import Environment, MakeEnvironment

APPLICATION = """
    from cocopot import render_template_string
    from cocopot_jinja import render_markup

    app.add_url_rule("/<bird>", "show", lambda bird: render_template_string("A {{ bird }}.", bird=bird))
    result = app.test_client().get("/<wren>").text
    """
WITHOUT = """
    from cocopot import render_template_string

    try:
        with app.app_context():
            render_template_string("")
    except RuntimeError as error:
        result = str(error)
    """


@pytest.fixture
def shop(environment: MakeEnvironment) -> Environment:
    """An environment with the Jinja plugin of this checkout, built as a wheel, and with Jinja."""
    made = environment(CHECKOUT / "plugins" / "cocopot-jinja")
    made.install("jinja2>=3.1.6", dependencies=True)
    return made


def test_the_installed_plugin_renders(shop: Environment) -> None:
    """With nothing but its installation, an application renders templates."""
    outcome = shop.start(APPLICATION)
    assert outcome.plugins == [["jinja", "cocopot-jinja", "1.0.0"]]
    assert outcome.result == "A &lt;wren&gt;."


def test_a_disabled_plugin(shop: Environment) -> None:
    """Without it there is no engine, and the error names what disabled it."""
    outcome = shop.start(WITHOUT, disable={"jinja"})
    assert outcome.plugins == []
    assert "The plugin 'jinja' is disabled by disable=. Remove it there." in outcome.result
