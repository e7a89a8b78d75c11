"""An application with subdomains and trusted hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot import Cocopot, request, url_for
from tests.fuzz.marks import Marks, mark_meant

if TYPE_CHECKING:
    from cocopot.exceptions import HTTPException

strict = Cocopot("strict", subdomain_matching=True, autoload=False, plugins=[Marks])
strict.config.update(SERVER_NAME="example.org", TRUSTED_HOSTS=["localhost", ".example.org", "[::1]"])
strict.register_error_handler(500, mark_meant)


@strict.errorhandler(400)
def refused(error: HTTPException) -> Any:
    """Answer with a URL of the application, also to a host that is not trusted."""
    return {"error": error.name, "home": url_for("home", _external=True)}, 400


@strict.route("/")
@strict.route("/", subdomain="<user>", endpoint="of_user")
def home(user: str = "") -> Any:
    """Answer with what the request knows of its host, and with a URL of a user."""
    return {"host": request.host, "url": request.url, "user": url_for("of_user", user=user or "nobody")}
