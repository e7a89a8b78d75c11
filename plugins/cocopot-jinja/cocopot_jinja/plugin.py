"""The plugin: the engine behind the core's template functions, and its attributes of the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot import hookimpl
from cocopot_jinja.environment import Environment, configure, create_environment, environment_of
from cocopot_jinja.hooks import JinjaHooks
from cocopot_jinja.loader import SearchPath, default_loader, select_autoescape
from cocopot_jinja.options import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import click

    from cocopot import Cocopot, PluginManager
    from cocopot.cli import Finding
    from cocopot.templating import TemplateEngine

NAME = "jinja"


class Jinja:
    """Render templates with Jinja.

    Example:
        ```python
        from cocopot import Cocopot, render_template_string
        from cocopot_jinja import Jinja

        app = Cocopot(__name__, autoload=False, plugins=[Jinja])
        with app.app_context():
            assert render_template_string("{{ bird }}", bird="<wren>") == "&lt;wren&gt;"
        ```
    """

    #: The name under which it is registered when it is passed to an application as an object.
    plugin_name = NAME

    @hookimpl
    def cocopot_addhooks(self, pluginmanager: PluginManager) -> None:
        """Add the hooks of this plugin."""
        pluginmanager.add_hookspecs(JinjaHooks)

    @hookimpl
    def cocopot_config_defaults(self) -> Mapping[str, object]:
        """Return the defaults of the configuration keys."""
        return DEFAULTS

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        """Add Flask's attributes for Jinja to the application, unless its class has them."""
        for name, function in _ATTRIBUTES.items():
            if not hasattr(type(app), name):
                app.add_property(name, function)

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        """Make the environment, or apply the configuration to the one that has been made already.

        Raises:
            PluginError: If the configuration is invalid.
        """
        configure(app, environment_of(app))

    @hookimpl
    def cocopot_register_commands(self, cli: click.Group) -> None:
        """Add `cocopot templates`."""
        from cocopot_jinja.command import command

        cli.add_command(command)

    @hookimpl
    def cocopot_check(self, app: Cocopot) -> list[Finding]:
        """Report templates that cannot be compiled, and contributions to slots that no template has."""
        from cocopot_jinja.checks import find_all

        environment = environment_of(app)
        return list(find_all(environment)) if app.template_engine is environment else []

    @hookimpl(trylast=True)  # a plugin with another engine has been chosen for it
    def cocopot_template_engine(self, app: Cocopot) -> TemplateEngine:
        """Return the environment, `app.jinja_env`."""
        return environment_of(app)


def _environment(app: Any) -> Environment:
    environment: Environment = app.create_jinja_environment()
    configure(app, environment)
    app.plugins.hook.jinja_environment(app=app, environment=environment)
    return environment


#: The attributes of an application, by name, each with the function that makes its value.
_ATTRIBUTES: Mapping[str, Callable[[Any], object]] = {
    "jinja_env": _environment,
    "jinja_environment": lambda app: Environment,  # noqa: ARG005
    "jinja_options": lambda app: {},  # noqa: ARG005
    "jinja_loader": default_loader,
    "create_jinja_environment": lambda app: lambda: create_environment(app),
    "create_global_jinja_loader": lambda app: lambda: SearchPath(app),
    "select_jinja_autoescape": lambda app: select_autoescape,  # noqa: ARG005
}
