"""Groups of commands that run in a context of the application, wherever they are registered."""

from __future__ import annotations

from functools import update_wrapper
from typing import TYPE_CHECKING, Any

import click

from cocopot.cli.loading import AppLoader
from cocopot.context import has_app_context

if TYPE_CHECKING:
    from collections.abc import Callable

#: Passes the `AppLoader` of the command to a function, as its first argument.
pass_loader = click.make_pass_decorator(AppLoader, ensure=True)


def with_appcontext(f: Callable[..., Any]) -> Callable[..., Any]:
    """Run the function of a command in a context of the application, unless there is one.

    The commands of `app.cli`, of `bp.cli` and of every `AppGroup` need no such decorator.

    Args:
        f: The function.
    """

    @click.pass_context
    def run(ctx: click.Context, /, *args: object, **kwargs: object) -> Any:
        if not has_app_context():
            ctx.with_resource(ctx.ensure_object(AppLoader).load().app_context())
        return ctx.invoke(f, *args, **kwargs)

    return update_wrapper(run, f)


class AppGroup(click.Group):
    """A group whose commands run in a context of the application.

    Example:
        ```python
        from cocopot import Cocopot, current_app
        from cocopot.cli import AppGroup

        users = AppGroup("users", help="Manage the users.")

        @users.command("count")
        def count():
            print(f"The application is {current_app.name}.")

        app = Cocopot("shop", autoload=False)
        app.cli.add_command(users)
        result = app.test_cli_runner().invoke(args=["users", "count"])
        assert "The application is shop." in result.output
        ```
    """

    #: Whether the commands push a context, because the group does not.
    pushes_context = True

    if not TYPE_CHECKING:  # the types are click's

        def command(self, *args: Any, **kwargs: Any) -> Any:
            """Register a function as a command, as `click.Group.command` does.

            Args:
                args: As for click's method.
                kwargs: As for click's method, and `with_appcontext=False` for one that needs no context.
            """
            needs_context = kwargs.pop("with_appcontext", True) and self.pushes_context
            if args and callable(args[0]) and needs_context:
                return super().command(with_appcontext(args[0]), *args[1:], **kwargs)
            register = super().command(*args, **kwargs)
            return (lambda f: register(with_appcontext(f))) if needs_context else register

        def group(self, *args: Any, **kwargs: Any) -> Any:
            """Register a function as a group inside this one, whose commands run in a context too.

            Args:
                args: As for click's method.
                kwargs: As for click's method.
            """
            kwargs.setdefault("cls", AppGroup)
            return super().group(*args, **kwargs)
