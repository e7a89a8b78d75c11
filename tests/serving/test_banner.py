"""The banner: what a server prints about the application before it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot import Cocopot, hookimpl
from cocopot.serving import print_banner
from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    import pytest


class Plugin:
    """A plugin that does nothing."""

    @hookimpl
    def cocopot_before_request(self) -> None:
        """Do nothing."""


def test_the_banner_names_the_application(capsys: pytest.CaptureFixture[str]) -> None:
    """The banner shows debug mode, and "none" without plugins."""
    app = Cocopot("shop", autoload=False)
    print_banner(app)
    app.debug = True
    print_banner(app)
    assert capsys.readouterr().err.splitlines() == [
        " * Cocopot app 'shop', debug mode off",
        " * Plugins: none",
        " * Cocopot app 'shop', debug mode on",
        " * Plugins: none",
    ]


def test_the_banner_lists_a_plugin_without_a_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    """A plugin that was passed in by code is listed by its name."""
    app = Cocopot("shop", autoload=False, plugins=[Plugin()])
    print_banner(app)
    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == " * Plugins:"
    assert "Plugin" in lines[2]
    assert "(" not in lines[2]


PLUGIN = """
from cocopot import hookimpl

@hookimpl
def cocopot_before_request(request):
    return None
"""


def test_the_banner_lists_plugins_with_distribution_and_version(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installed plugins are listed in load order, with distribution and version."""
    monkeypatch.delenv("COCOPOT_PLUGINS", raising=False)
    with (
        installed_plugin("zeta", PLUGIN, version="1.5"),
        installed_plugin("alpha", PLUGIN, version="0.3"),
    ):
        print_banner(Cocopot("shop", autoload={"zeta", "alpha"}))
    assert capsys.readouterr().err.splitlines()[1:] == [
        " * Plugins:",
        "     alpha  (cocopot-alpha 0.3)",
        "     zeta  (cocopot-zeta 1.5)",
    ]


def test_the_banner_shows_why_plugins_are_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin that is disabled, and one that failed, are listed with the reason."""
    monkeypatch.delenv("COCOPOT_PLUGINS", raising=False)
    monkeypatch.setenv("COCOPOT_DISABLE_PLUGINS", "zeta")
    with installed_plugin("zeta", PLUGIN), installed_plugin("alpha", "raise OSError('no key')"):
        app = Cocopot("shop", autoload={"zeta", "alpha"}, disable={"beta"}, plugin_errors="warn")
        print_banner(app)
    assert capsys.readouterr().err.splitlines()[-4:] == [
        " * Plugins:",
        "     alpha  (skipped: failed to load: OSError: no key)",
        "     zeta  (disabled by COCOPOT_DISABLE_PLUGINS)",
        "     beta  (disabled by disable=)",
    ]
