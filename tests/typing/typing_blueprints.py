"""Typed use of blueprints and the configuration; read by mypy, not run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, assert_type

from cocopot import Blueprint, Cocopot, Config, Response
from cocopot.exceptions import HTTPException

app = Cocopot(__name__, root_path=str(Path.cwd()))

# -- blueprints ------------------------------------------------------------

shop = Blueprint("shop", __name__, url_prefix="/shop", url_defaults={"language": "en"})
admin = Blueprint("admin", __name__, static_folder=Path("static"), template_folder="templates")


@shop.route("/<language>/", methods=["GET"])
def index(language: str) -> str:
    return language


@shop.post("/orders")
def order() -> tuple[dict[str, int], int]:
    return {"id": 1}, 201


@shop.before_request
def load() -> None: ...


@shop.after_app_request
def stamp(response: Response) -> Response:
    return response


@shop.teardown_request
def tear_down(exc: BaseException | None) -> None: ...


@shop.errorhandler(404)
def not_found(error: HTTPException) -> tuple[str, int]:
    return error.name, 404


@shop.app_errorhandler(KeyError)
def no_key(error: KeyError) -> str:
    return str(error)


assert_type(index("en"), str)
assert_type(order(), tuple[dict[str, int], int])
assert_type(stamp(Response()), Response)
assert_type(not_found(HTTPException()), tuple[str, int])
assert_type(no_key(KeyError()), str)

shop.register_blueprint(admin, url_prefix="/admin")
app.register_blueprint(shop, name="store", subdomain="www")
blueprints: dict[str, Any] = app.blueprints

# -- configuration ---------------------------------------------------------

config = Config("/srv/shop", {"DEBUG": False})
assert_type(config["DEBUG"], Any)
assert_type(config.from_object("shop.settings"), None)
assert_type(config.from_mapping({"DEBUG": True}, TESTING=True), bool)
assert_type(config.from_prefixed_env("SHOP"), bool)
assert_type(config.get_namespace("SHOP_"), dict[str, Any])
