"""The route that serves the files of the static folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, url_for

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "static" / "css").mkdir(parents=True)
    (tmp_path / "static" / "css" / "page.css").write_text("body {}")
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path


def make(root: Path, **options: Any) -> Cocopot:
    return Cocopot(__name__, root_path=str(root), autoload=False, **options)


def test_served(root: Path) -> None:
    """A file below the folder is served with its type."""
    response = make(root).test_client().get("/static/css/page.css")
    assert (response.status_code, response.text, response.mimetype) == (200, "body {}", "text/css")
    response.close()


@pytest.mark.parametrize(
    "path",
    [
        "missing.css",
        "../secret.txt",
        "%2e%2e/secret.txt",
        "css/../../secret.txt",
        "css",
        "",
        "/etc/passwd",
        "a%00b",
    ],
)
def test_not_served(root: Path, path: str) -> None:
    """What is not there, or not below the folder, is a 404."""
    assert make(root).test_client().get(f"/static/{path}", follow_redirects=True).status_code == 404


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "/static/css/page.css"),
        ({"static_url_path": "/assets"}, "/assets/css/page.css"),
        ({"static_url_path": ""}, "/css/page.css"),
        ({"static_folder": "static/css"}, "/css/css/page.css"),
    ],
)
def test_url(root: Path, options: dict[str, Any], url: str) -> None:
    """The URL is built from the folder's name, unless it is passed."""
    app = make(root, **options)
    with app.test_request_context("/"):
        assert url_for("static", filename="css/page.css") == url


def test_absolute_folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The folder may lie elsewhere, and may be a path object."""
    app = make(tmp_path_factory.mktemp("app"), static_folder=root / "static")
    response = app.test_client().get("/static/css/page.css")
    assert response.status_code == 200
    response.close()


def test_none(root: Path) -> None:
    """Without a folder there is no route."""
    app = make(root, static_folder=None)
    assert "static" not in app.view_functions
    assert app.test_client().get("/static/css/page.css").status_code == 404


def test_of_one_host(root: Path) -> None:
    """With host matching the files are served on their host only."""
    app = make(root, host_matching=True, static_host="files.example")
    client = app.test_client()
    served = client.get("/static/css/page.css", base_url="http://files.example")
    assert served.status_code == 200
    served.close()
    assert client.get("/static/css/page.css", base_url="http://shop.example").status_code == 404


def test_age(root: Path) -> None:
    """SEND_FILE_MAX_AGE_DEFAULT states how long a browser may keep them."""
    app = make(root)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 60
    response = app.test_client().get("/static/css/page.css")
    assert response.cache_control.max_age == 60
    response.close()
