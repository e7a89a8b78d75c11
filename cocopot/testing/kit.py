"""Applications and plugin managers for the tests of plugins, and assertions about their order."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cocopot.app import Cocopot
from cocopot.hooks import PluginManager
from cocopot.hooks.loading import Loader
from cocopot.hooks.selection import Selection
from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def make_app(
    *plugins: object,
    autoload: bool | Iterable[str] = False,
    config: Mapping[str, object] | None = None,
    **options: Any,
) -> Cocopot:
    """Return an application for a test, with TESTING on, so that exceptions reach the test client.

    Example:
        ```python
        from cocopot import hookimpl
        from cocopot.testing import make_app

        class Visits:
            @hookimpl
            def cocopot_after_request(self, app, response):
                response.headers[app.config["VISITS_HEADER"]] = "1"

        app = make_app(Visits(), config={"VISITS_HEADER": "X-Count"})
        assert app.test_client().get("/").headers["X-Count"] == "1"
        ```

    Args:
        plugins: Objects, modules or classes to register as plugins.
        autoload: Which installed plugins to load: names, `True` for all, `False` for none.
        config: Configuration, set after the plugins have been set up, as in an application.
        options: Other arguments of `Cocopot`; `import_name` is by default that of the calling module.

    Raises:
        PluginError: If a plugin cannot be loaded.
    """
    caller = sys._getframe(1)  # noqa: SLF001 - as in `warnings` and `logging`
    options.setdefault("import_name", caller.f_globals.get("__name__", "__main__"))
    app = Cocopot(plugins=plugins, autoload=autoload, **options)
    app.config.update({"TESTING": True, **(config or {})})
    return app


def load_plugins(names: Iterable[str], requested_by: str) -> PluginManager:
    """Load installed plugins into a plugin manager of their own, without an application.

    They are imported, ordered, registered and checked as by an application, but not set up.

    Args:
        names: Names of the plugins; those that they require must be among them.
        requested_by: What names them, for messages, such as the name of a command.

    Returns:
        The plugin manager.

    Raises:
        PluginError: The first error, if a plugin is missing, cannot be imported, or breaks the contract.
    """
    manager = PluginManager()
    Loader(manager).load(Selection(frozenset(names), requested_by, {}))
    return manager


def assert_hook_order(app: Cocopot, hook: str, *plugin_names: str) -> None:
    """Assert the relative order in which implementations of a hook run.

    Example:
        ```python
        from cocopot import hookimpl
        from cocopot.testing import assert_hook_order, make_app

        class Session:
            plugin_name = "session"

            @hookimpl
            def cocopot_before_request(self): ...

        def load_user(): ...

        load_user.__module__ = "views"
        app = make_app(Session())
        app.before_request(load_user)
        assert_hook_order(app, "cocopot_before_request", "session", "app.before_request: views.load_user")
        ```

    Args:
        app: The application.
        hook: Name of the hook.
        plugin_names: Names under which the implementations are registered: those of plugins, and for the
            application's functions the names that contain decorator and function. Wrappers run before all
            others.

    Raises:
        AssertionError: If they run in another order, or one of them does not implement the hook; the message
            shows the whole order.
        ValueError: If the hook does not exist, or no name is passed.
    """
    if not plugin_names:
        raise ValueError("Pass the names of the plugins whose order is to be asserted.")
    hooks = {name for name, caller in vars(app.plugins.hook).items() if not name.startswith("_")}
    if hook not in hooks:
        raise ValueError(f"There is no hook {hook!r}. {did_you_mean(hook, hooks)}")
    order = [impl.plugin_name for impl in app.plugins.call_order(hook)]
    for name in plugin_names:
        if name not in order:
            raise AssertionError(
                f"{name!r} does not implement {hook}. {did_you_mean(name, order)}\n{_show(hook, order)}"
            )
    rest = iter(order)
    for name in plugin_names:
        if name not in rest:  # continues after the name that was found last
            raise AssertionError(
                f"{hook} does not run in the order {', '.join(map(repr, plugin_names))}: "
                f"{name!r} comes too early.\n{_show(hook, order)}"
            )


def _show(hook: str, order: list[str]) -> str:
    lines = [f"  {number}. {name}" for number, name in enumerate(order, 1)]
    return "\n".join([f"The order of {hook} is:", *(lines or ["  no implementation"])])
