"""Sign-in and sign-out, the page of an account, and the route option `signed_in`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from cocopot_session import list_sessions, revoke_sessions, session

from cocopot import Blueprint, current_app, flash, g, hookimpl, redirect, render_template, request, url_for
from noteboard import users

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as WerkzeugResponse

    from cocopot import Cocopot, Request, ResponseValue
    from noteboard.models import User

accounts = Blueprint("accounts", __name__)

#: A path of this site; browsers read `//host` and `/\host` as another one.
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*", re.ASCII)


def current_user() -> User | None:
    """Return who is signed in; read once per request, and only if it is asked for."""
    if "user" not in g:
        user = users.get(session.user) if session.user is not None else None
        # The password has been changed since the sign-in: the session is not valid any more.
        g.user = user if user is not None and session.get("stamp") == user.stamp else None
    return cast("User | None", g.user)


class Accounts:
    """A plugin of the application's own: `@page.get("/notes/new", signed_in=True)` is for users only."""

    plugin_name = "accounts"
    requires = ("noteboard",)

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        """Declare the route option, and let every template ask who is signed in.

        Templates get the function, not its result: a page that does not ask reads no session and no data.
        """
        app.add_route_option("signed_in", bool, default=False)
        app.add_template_global(current_user)

    @hookimpl
    def cocopot_before_request(self, request: Request) -> WerkzeugResponse | None:
        """Send visitors to the sign-in, and from there back to the page that they wanted."""
        rule = request.url_rule
        if rule is None or not rule.options["signed_in"] or current_user() is not None:
            return None
        flash("Please sign in first.", "info")
        wanted = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("accounts.sign_in", next=wanted), 303)


@accounts.get("/sign-in")
def sign_in() -> ResponseValue:
    """Show the form, unless a user is signed in already."""
    if current_user() is not None:
        return redirect(_next_page(), 303)
    return render_template("sign_in.html", name="", error=None)


@accounts.post("/sign-in")
def open_account() -> ResponseValue:
    """Sign in, or show the form again."""
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    user = users.authenticate(name, password)
    if user is None:
        error = "Name or password is wrong."
        return render_template("sign_in.html", name=name, error=error), 422
    session.clear()
    session.user = user.name  # with a new identifier: one that was known before is worthless
    session["stamp"] = user.stamp
    flash(f"Welcome, {user.name}.", "success")
    return redirect(_next_page(), 303)


@accounts.post("/sign-out")
def sign_out() -> WerkzeugResponse:
    """End the session."""
    session.destroy()
    flash("You are signed out.", "success")
    return redirect(url_for("page.index"), 303)


@accounts.get("/account", signed_in=True)
def account() -> str:
    """Show the account."""
    return _account_page()


@accounts.post("/account/token", signed_in=True)
def create_token() -> ResponseValue:
    """Create a token for the API, and show it: it cannot be read again."""
    token = users.create_token(cast("User", current_user()))
    return _account_page(token), {"Cache-Control": "no-store"}


@accounts.post("/account/sessions", signed_in=True)
def sign_out_elsewhere() -> WerkzeugResponse:
    """End all sessions of the user but this one."""
    number = revoke_sessions(_own_name(), keep_current=True)
    flash(f"{number} {'session has' if number == 1 else 'sessions have'} been ended.", "success")
    return redirect(url_for(".account"), 303)


def _account_page(token: str | None = None) -> str:
    """Return the page of the account; sessions in cookies cannot be listed."""
    is_stored = current_app.config["SESSION_STORE"] is not None
    sessions = list_sessions(_own_name()) if is_stored else None
    return render_template("account.html", token=token, sessions=sessions)


def _own_name() -> str:
    """Return the name of the user, in a view with the option `signed_in`."""
    return cast("User", current_user()).name


def _next_page() -> str:
    """Return where to go after the sign-in: a page of this site."""
    wanted = request.args.get("next", "")
    return wanted if _OWN_PATH.fullmatch(wanted) else url_for("page.index")
