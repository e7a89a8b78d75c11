"""The configuration keys of plugins: which are declared, and how a plugin checks them."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING

import pytest

from cocopot import Cocopot, Config, PluginError, hookimpl

if TYPE_CHECKING:
    from cocopot.types import KeyCheck

PORT: KeyCheck = (lambda value: isinstance(value, int), "Give the number of a port.")


class Mail:
    """A plugin that checks its configuration."""

    plugin_name = "mail"

    @hookimpl
    def cocopot_config_defaults(self) -> dict[str, object]:
        return {"MAIL_PORT": 25, "MAIL_HOST": None}

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        replaced = {"MAIL_USE_TLS": "Set MAIL_PORT = 465."}
        app.config.check_plugin_keys("MAIL_", {"MAIL_PORT": PORT}, replaced=replaced)


class Queue:
    """A plugin whose keys begin as those of `Mail`."""

    plugin_name = "mail_queue"

    @hookimpl
    def cocopot_config_defaults(self) -> dict[str, object]:
        return {"MAIL_QUEUE_SIZE": 10}


def start_with(*plugins: type, **config: object) -> None:
    app = Cocopot("shop", autoload=False, plugins=plugins, static_folder=None)
    app.config.update(config)
    app.start()


def error_with(*plugins: type, **config: object) -> PluginError:
    with pytest.raises(PluginError) as caught:
        start_with(*plugins, **config)
    assert (caught.value.plugin, caught.value.hook) == ("mail", "cocopot_startup")
    return caught.value


class TestCheck:
    def test_a_valid_configuration(self) -> None:
        """Declared keys with valid values, and keys that begin with something else, are accepted."""
        start_with(Mail, MAIL_PORT=465, MAILBOX="in", mail_port="x")

    def test_an_invalid_value(self) -> None:
        """The error has the key, the value, where it was set, and the cure."""
        error = error_with(Mail, MAIL_PORT="smtp")
        assert "plugin 'mail' is invalid: MAIL_PORT is 'smtp' (set by code " in error.problem
        assert __file__ in error.problem
        assert error.cure == "Give the number of a port."

    def test_an_unknown_key(self) -> None:
        """The error has the nearest key; not the value, which may be a password."""
        error = error_with(Mail, MAIL_PROT="hunter2")
        assert "there is no key MAIL_PROT (set by code " in error.problem
        assert error.cure == "Did you mean 'MAIL_PORT'? The keys are: MAIL_PORT, MAIL_HOST."
        assert "hunter2" not in str(error)

    def test_what_keys_have_in_common_is_not_a_likeness(self) -> None:
        """The prefix is the same for all keys of a plugin, so that it makes none of them similar."""
        assert error_with(Mail, MAIL_X=1).cure == "The keys are: MAIL_PORT, MAIL_HOST."

    def test_a_replaced_key(self) -> None:
        """For a key of another framework, the plugin has a cure of its own."""
        assert error_with(Mail, MAIL_USE_TLS=True).cure == "Set MAIL_PORT = 465."

    def test_a_key_of_another_plugin(self) -> None:
        """A key with the same prefix may be declared by another plugin, whatever has set it."""
        start_with(Mail, Queue)
        start_with(Mail, Queue, MAIL_QUEUE_SIZE=7)
        assert "there is no key MAIL_QUEUE_SIZE" in error_with(Mail, MAIL_QUEUE_SIZE=7).problem

    def test_without_declared_keys(self) -> None:
        """A plugin that declares none has none."""
        config = Config("/srv/shop", {"MAIL_PORT": 25})
        with pytest.raises(PluginError, match=r"there is no key MAIL_PORT .*The keys are: none\.") as caught:
            config.check_plugin_keys("MAIL_")
        assert caught.value.plugin is None

    def test_a_value_that_is_not_shown(self) -> None:
        """A plugin passes a text in place of a value that may contain a password."""
        config = Config("/srv/shop", {"MAIL_URL": "smtp://me:secret@mx"})
        error = config.invalid_value("MAIL_URL", "Give a port.", shown="'smtp://me:***@mx'")
        assert str(error).endswith("MAIL_URL is 'smtp://me:***@mx' (set by default). Give a port.")


class TestDeclared:
    def test_the_owner(self) -> None:
        """Each key that a plugin declares is recorded with the plugin's name."""
        app = Cocopot("shop", autoload=False, plugins=[Mail, Queue], static_folder=None)
        own = {"MAIL_PORT": "mail", "MAIL_HOST": "mail", "MAIL_QUEUE_SIZE": "mail_queue"}
        assert app.config.declared == own

    def test_a_plugin_that_is_registered_late_and_fails(self) -> None:
        """What it has declared is forgotten."""

        class Broken(Queue):
            @hookimpl
            def cocopot_setup(self) -> None:
                raise LookupError("broken")

        app = Cocopot("shop", autoload=False, plugins=[Mail], static_folder=None)
        with pytest.raises(LookupError, match="broken"):
            app.plugins.register(Broken())
        assert set(app.config.declared) == {"MAIL_PORT", "MAIL_HOST"}

    @pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
    def test_a_copy(self, duplicate: object) -> None:
        """A copy has its own record."""
        config = Config("/srv/shop", {"MAIL_PORT": 25})
        config.declared["MAIL_PORT"] = "mail"
        assert callable(duplicate)
        copied = duplicate(config)
        config.declared.clear()
        assert copied.declared == {"MAIL_PORT": "mail"}
