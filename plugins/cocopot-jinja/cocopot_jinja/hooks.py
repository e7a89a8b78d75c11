"""The hooks of this plugin, in the order in which an application calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot import hookspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import BaseLoader

    from cocopot import Cocopot, Request
    from cocopot_jinja.environment import Environment


class JinjaHooks:
    """What other plugins can do with templates."""

    @hookspec(since="1.0", order="in")
    def jinja_environment(self, app: Cocopot, environment: Environment) -> None:
        """Add to the environment of Jinja: extensions, policies, filters.

        Fires once, when `app.jinja_env` is first read, at the latest when the application starts. For a
        filter, a test or a global, `app.add_template_filter` and its like in `cocopot_setup` suffice, which
        do not depend on the engine.

        Args:
            app: The application.
            environment: The new environment, `app.jinja_env`, which may be changed in place.

        A return value is ignored. All implementations run. Order: in. An exception leaves what reads
        `app.jinja_env`; at startup it stops the application.
        """

    @hookspec(since="1.0", order="in", result_type="jinja2.loaders:BaseLoader")
    def jinja_loader(self, app: Cocopot) -> BaseLoader | None:
        """Supply templates that are not files of a folder, such as those in a database or a package.

        Fires when the first template is loaded, and at the latest when the application starts. For a folder,
        `app.add_template_folder` in `cocopot_setup` suffices.

        Args:
            app: The application.

        Returns:
            A loader of Jinja, which is searched after the template folders of the same plugin, or `None`.

        All implementations run. Order: in. Templates are searched for in the reverse order: the application
        first, then the plugins, the one that was loaded last first.
        """

    @hookspec(since="1.0", order="in", result_type="builtins:str")
    def jinja_slot(
        self, app: Cocopot, request: Request | None, slot: str, context: Mapping[str, object]
    ) -> str | None:
        """Contribute to a slot: a place in a template that is open to plugins.

        Fires where a template has `{{ slot("NAME") }}`, each time it is rendered.

        Args:
            app: The application.
            request: The request; `None` if a template is rendered without one.
            slot: Name of the slot. Compare it with a literal, so that `cocopot check` can report a slot that
                no template has.
            context: The names in the template at that place, which cannot be changed.

        Returns:
            HTML as `Markup`, such as `cocopot_jinja.render_markup` returns; a plain `str`, which is escaped;
            or `None` to contribute nothing.

        All implementations run, and the results are joined. Order: in. An exception leaves the template.
        """
