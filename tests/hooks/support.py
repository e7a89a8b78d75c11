"""What the tests of all hooks share."""

from __future__ import annotations

from cocopot import Cocopot


def app_with(**plugins: object) -> Cocopot:
    """Return an application with a view and these plugins, loaded in this order."""
    app = Cocopot("shop", autoload=False)
    app.testing = True
    for name, plugin in plugins.items():
        app.plugins.register(plugin, name)
    app.add_url_rule("/", "index", lambda: "view")
    return app
