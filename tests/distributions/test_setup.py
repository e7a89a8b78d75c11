from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.distributions.environments import Plugin

if TYPE_CHECKING:
    from tests.distributions.environments import MakeEnvironment

BRINGS_A_HOOK = """
    from cocopot import hookimpl, hookspec

    class Specs:
        @hookspec
        def tea_ingredients(self, kind): ...

    @hookimpl
    def cocopot_addhooks(pluginmanager):
        pluginmanager.add_hookspecs(Specs)
    """
IMPLEMENTS_IT = """
    from cocopot import hookimpl

    @hookimpl
    def cocopot_tea_ingredients(kind):
        return f"{kind} leaves"
    """


def defaults(name: str, **values: object) -> Plugin:
    """Return a plugin with configuration defaults."""
    source = f"""
        from cocopot import hookimpl

        @hookimpl
        def cocopot_config_defaults(app):
            return {values!r}
        """
    return Plugin(name, source, version="1.1")


@pytest.mark.parametrize("brings", ["aa", "zz"])
def test_a_plugin_may_implement_the_hook_of_another(brings: str, environment: MakeEnvironment) -> None:
    """A hook that a plugin specifies is implemented by another one, whichever of them is loaded first."""
    plugins = [
        Plugin(brings, BRINGS_A_HOOK.replace("tea", "cocopot_tea")),
        Plugin("milk", IMPLEMENTS_IT),
    ]
    outcome = environment(*plugins).start('result = app.plugins.hook.cocopot_tea_ingredients(kind="green")')
    assert outcome.names == sorted([brings, "milk"])
    assert outcome.result == ["green leaves"]


def test_the_hook_of_a_plugin_is_unknown_without_that_plugin(environment: MakeEnvironment) -> None:
    """An implementation of a hook that no code provides is an error."""
    outcome = environment(Plugin("milk", IMPLEMENTS_IT)).start()
    assert "'cocopot_tea_ingredients', which is not a hook." in outcome.message


def test_configuration_defaults_of_an_installed_plugin_apply(environment: MakeEnvironment) -> None:
    """Defaults are in the configuration as soon as the application has been made."""
    outcome = environment(defaults("tea", TEA_KIND="green")).start('result = app.config["TEA_KIND"]')
    assert outcome.result == "green"


def test_two_plugins_with_one_configuration_key_are_an_error(environment: MakeEnvironment) -> None:
    """The error names both plugins and the key."""
    outcome = environment(defaults("tea", CUP=1), defaults("coffee", CUP=1)).start()
    assert "Plugin 'tea' (cocopot-tea 1.1, cocopot_tea) " in outcome.message
    assert "configuration key 'CUP', which plugin 'coffee' (cocopot-coffee 1.1) names too" in outcome.message
