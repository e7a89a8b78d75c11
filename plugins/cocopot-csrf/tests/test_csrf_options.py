"""The route option, the hooks and the configuration."""

from __future__ import annotations

from typing import Any

import pytest
from cocopot_csrf import CSRF, Reason

from cocopot import Blueprint, Cocopot, PluginError, Request, hookimpl, testing

SHOP = "https://shop.example"
CROSS_SITE = {"Sec-Fetch-Site": "cross-site", "Origin": SHOP}


def make_app(*plugins: object, config: dict[str, object] | None = None, **options: Any) -> Cocopot:
    app = testing.make_app(
        CSRF, *plugins, config={"TESTING": False, **(config or {})}, static_folder=None, **options
    )
    app.logger.disabled = True
    return app


@pytest.mark.parametrize(
    ("default", "expected"), [(True, [403, 200, 403, 200]), (False, [200, 200, 403, 200])]
)
def test_routes(default: bool, expected: list[int]) -> None:
    """`csrf=False` exempts a route; blueprint and application have defaults."""
    app = make_app(route_options={"csrf": default})
    app.add_url_rule("/plain", "plain", lambda: "", methods=["POST"])
    app.add_url_rule("/hook", "hook", lambda: "", methods=["POST"], csrf=False)
    api = Blueprint("api", __name__, url_prefix="/api", route_options={"csrf": False})
    api.add_url_rule("/", "index", lambda: "", methods=["POST"])
    api.add_url_rule("/strict", "strict", lambda: "", methods=["POST"], csrf=True)
    app.register_blueprint(api)
    paths = ["/plain", "/hook", "/api/strict", "/api/"]
    client = app.test_client()
    assert [client.post(path, headers=CROSS_SITE).status_code for path in paths] == expected


# -- hooks -------------------------------------------------------------------


class Partners:
    """Trusts origins, and records rejections."""

    def __init__(self, origins: Any) -> None:
        self.origins = origins
        self.rejected: list[tuple[str, Reason]] = []

    @hookimpl
    def csrf_trusted_origins(self) -> Any:
        return self.origins

    @hookimpl
    def csrf_rejected(self, request: Request, reason: Reason) -> None:
        self.rejected.append((request.path, reason))


@pytest.mark.parametrize(
    ("origins", "expected"),
    [
        ([SHOP], 200),
        ({f"{SHOP}:443"}, 200),
        (SHOP, 200),
        (None, 403),
        ([], 403),
        (["https://other.example"], 403),
    ],
)
def test_trusted_origins(origins: object, expected: int) -> None:
    """Each plugin can trust origins; one that is rejected is reported to all plugins."""
    partners = Partners(origins)
    app = make_app(partners)
    app.add_url_rule("/", "change", lambda: "", methods=["POST"])
    assert app.test_client().post("/", headers=CROSS_SITE).status_code == expected
    assert partners.rejected == ([] if expected == 200 else [("/", Reason.CROSS_SITE)])


@pytest.mark.parametrize("origins", [["shop.example"], ["*"], [f"{SHOP}/"], "null", 7, [7]])
def test_invalid_trusted_origins(origins: object) -> None:
    """A value that is not an origin is an error, which accepts nothing."""
    app = make_app(Partners(origins), config={"TESTING": True})
    app.add_url_rule("/", "change", lambda: "", methods=["POST"])
    with pytest.raises((TypeError, ValueError), match="csrf_trusted_origins"):
        app.test_client().post("/", headers=CROSS_SITE)


def test_an_observer_that_raises() -> None:
    """The request is not accepted then."""

    class Broken:
        @hookimpl
        def csrf_rejected(self) -> None:
            raise LookupError("broken")

    app = make_app(Broken)
    app.add_url_rule("/", "change", lambda: "changed", methods=["POST"])
    assert app.test_client().post("/", headers=CROSS_SITE).status_code == 500


# -- configuration -----------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("CSRF_STRICT", "yes", "Give True or False."),
        ("CSRF_STRICT", None, "Give True or False."),
        ("CSRF_TRUSTED_ORIGINS", SHOP, "Give a list of origins"),
        ("CSRF_TRUSTED_ORIGINS", None, "Give a list of origins"),
        ("CSRF_TRUSTED_ORIGINS", ["*"], "'*' is not an origin"),
        ("CSRF_TRUSTED_ORIGINS", ["null"], "'null' is not an origin"),
        ("CSRF_TRUSTED_ORIGINS", ["shop.example"], "'shop.example' is not an origin"),
        ("CSRF_TRUSTED_ORIGINS", [f"{SHOP}/path"], "is not an origin"),
        ("CSRF_TRUSTED_ORIGINS", [SHOP, 7], "7 is not an origin"),
    ],
)
def test_invalid_configuration(key: str, value: object, remedy: str) -> None:
    """It stops the application when it starts, with the key, the value, where it was set, and the cure."""
    app = make_app(config={key: value})
    with pytest.raises(PluginError) as caught:
        app.start()
    message = str(caught.value)
    assert f"{key} is {value!r} (set by code " in message
    assert remedy in message


@pytest.mark.parametrize(
    ("key", "cure"),
    [
        ("CSRF_TRUSTED_ORIGIN", "Did you mean 'CSRF_TRUSTED_ORIGINS'?"),
        ("CSRF_X", "The keys are: CSRF_STRICT, CSRF_TRUSTED_ORIGINS."),
    ],
)
def test_an_unknown_key(key: str, cure: str) -> None:
    """It stops the application when it starts, with where it was set, and the cure."""
    app = make_app(config={key: [SHOP]})
    with pytest.raises(PluginError, match=rf"there is no key {key} \(set by code ") as caught:
        app.start()
    assert cure in str(caught.value)
