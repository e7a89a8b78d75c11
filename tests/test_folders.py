from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.http import http_date

from cocopot import Blueprint, Cocopot
from cocopot.exceptions import NotFound
from cocopot.folders import Folders


@pytest.fixture
def app(tmp_path: Path) -> Cocopot:
    (tmp_path / "static" / "css").mkdir(parents=True)
    (tmp_path / "static" / "css" / "a.css").write_text("0123456789")
    (tmp_path / "secret.txt").write_text("secret")
    return Cocopot("tests_of_folders", autoload=False, root_path=str(tmp_path))


class TestInstanceFolder:
    def test_given(self, tmp_path: Path) -> None:
        """An explicit instance folder must be absolute."""
        app = Cocopot(__name__, autoload=False, instance_path=str(tmp_path))
        assert app.instance_path == str(tmp_path)
        with pytest.raises(ValueError, match="must be absolute, not 'here'"):
            Cocopot(__name__, autoload=False, instance_path="here")

    def test_resources(self, tmp_path: Path) -> None:
        """A file of the instance folder is opened as bytes or text, to be read or written."""
        app = Cocopot(__name__, autoload=False, instance_path=str(tmp_path))
        with app.open_instance_resource("a.txt", "w") as file:
            file.write("ü")
        with app.open_instance_resource("a.txt") as file:
            assert file.read() == "ü".encode()
        with app.open_instance_resource("a.txt", "r", encoding="latin-1") as file:
            assert file.read() == "Ã¼"


class TestResources:
    def test_modes(self, app: Cocopot, tmp_path: Path) -> None:
        """A resource is opened as bytes by default, or as text, UTF-8 unless another encoding is passed."""
        (tmp_path / "a.txt").write_text("ü", "utf-8")
        for mode, encoding, text in (
            ("rb", None, "ü".encode()),
            ("r", None, "ü"),
            ("rt", "latin-1", "Ã¼"),
        ):
            with app.open_resource("a.txt", mode, encoding) as file:
                assert file.read() == text

    def test_blueprint(self, tmp_path: Path) -> None:
        """A blueprint's resources are inside its own root."""
        (tmp_path / "a.txt").write_text("of bp")
        with Blueprint("bp", __name__, root_path=str(tmp_path)).open_resource("a.txt", "r") as file:
            assert file.read() == "of bp"

    @pytest.mark.parametrize("mode", ["w", "a", "r+", "x", "wb"])
    def test_writing(self, app: Cocopot, mode: str) -> None:
        """Resources belong to the program and are not written."""
        with pytest.raises(ValueError, match="only be opened for reading"):
            app.open_resource("a.txt", mode)


class TestStaticFolder:
    def test_file(self, app: Cocopot) -> None:
        """A file of the static folder is served with all that a client needs to keep it."""
        response = app.test_client().get("/static/css/a.css", buffered=True)
        assert (response.data, response.mimetype) == (b"0123456789", "text/css")
        assert response.get_etag()[0]
        assert response.headers["Cache-Control"] == "no-cache"
        assert app.test_client().post("/static/css/a.css").status_code == 405

    def test_conditional(self, app: Cocopot) -> None:
        """A client that has the file gets 304; with another entity tag it gets the file."""
        client = app.test_client()
        response = client.get("/static/css/a.css", buffered=True)
        etag = response.headers["ETag"]
        for headers, status in (
            ({"If-None-Match": etag}, 304),
            ({"If-None-Match": '"other"'}, 200),
            ({"If-Modified-Since": http_date(response.last_modified)}, 304),
            ({"If-Range": etag, "Range": "bytes=0-0"}, 206),
            ({"If-Range": '"other"', "Range": "bytes=0-0"}, 200),
        ):
            assert client.get("/static/css/a.css", headers=headers, buffered=True).status_code == status

    def test_range(self, app: Cocopot) -> None:
        """The response to a range has that part and its position; HEAD has no body."""
        client = app.test_client()
        response = client.get("/static/css/a.css", headers={"Range": "bytes=3-5"}, buffered=True)
        assert (response.status_code, response.data) == (206, b"345")
        assert response.headers["Content-Range"] == "bytes 3-5/10"
        response = client.head("/static/css/a.css", buffered=True)
        assert (response.data, response.content_length) == (b"", 10)

    @pytest.mark.parametrize(
        "path",
        ["/static/../secret.txt", "/static/%2e%2e/secret.txt", "/static/css", "/static/a%00b", "/static/"],
    )
    def test_not_found(self, app: Cocopot, path: str) -> None:
        """What leads out of the folder, is a folder, or has a NUL byte in it is not found."""
        assert app.test_client().get(path).status_code == 404

    @pytest.mark.parametrize("age", [60, timedelta(minutes=1)])
    def test_max_age(self, app: Cocopot, age: Any) -> None:
        """SEND_FILE_MAX_AGE_DEFAULT is the maximum age of files, in seconds or as a timedelta."""
        app.config["SEND_FILE_MAX_AGE_DEFAULT"] = age
        response = app.test_client().get("/static/css/a.css", buffered=True)
        assert response.cache_control.max_age == 60

    def test_max_age_by_name(self, tmp_path: Path, app: Cocopot) -> None:
        """A subclass may depend on the name in the URL."""

        class Own(Cocopot):
            def get_send_file_max_age(self, filename: str | None) -> int | None:
                return {"css/a.css": 7}.get(filename or "")

        own = Own("own", autoload=False, root_path=str(tmp_path))
        response = own.test_client().get("/static/css/a.css", buffered=True)
        assert response.cache_control.max_age == 7

    @pytest.mark.parametrize(
        ("folder", "path", "rule"),
        [
            ("static", None, "/static/<path:filename>"),
            ("files/static/", None, "/static/<path:filename>"),
            ("/srv/assets", None, "/assets/<path:filename>"),
            (Path("files"), None, "/files/<path:filename>"),
            ("static", "/x/", "/x/<path:filename>"),
            ("static", "", "/<path:filename>"),
            ("static", "/", "/<path:filename>"),
        ],
    )
    def test_url_path(self, folder: Any, path: str | None, rule: str) -> None:
        """The URL path is the configured one, or built from the folder's name."""
        app = Cocopot(__name__, static_folder=folder, static_url_path=path, autoload=False)
        assert [rule.rule for rule in app.router.iter_rules("static")] == [rule]

    def test_none(self, tmp_path: Path) -> None:
        """Without a static folder there is no route, no URL path, and nothing to send."""
        app = Cocopot(__name__, static_folder=None, autoload=False)
        assert (app.has_static_folder, app.static_folder, app.static_url_path) == (False, None, None)
        assert "static" not in app.view_functions
        with app.test_request_context(), pytest.raises(RuntimeError, match="needs a static_folder"):
            app.send_static_file("a.css")

    def test_set_later(self, tmp_path: Path, app: Cocopot) -> None:
        """Folder and URL path can be set, and taken away."""
        app.static_folder = tmp_path / "other"
        app.static_url_path = "/other/"
        assert (app.static_folder, app.static_url_path) == (str(tmp_path / "other"), "/other")
        app.static_url_path = None
        app.static_folder = None
        assert (app.has_static_folder, app.static_url_path) == (False, None)

    def test_send(self, app: Cocopot) -> None:
        """A view can send a static file, and one that is missing is not found."""
        with app.test_request_context():
            response = app.send_static_file("css/a.css")
            assert response.content_length == 10
            response.close()
            with pytest.raises(NotFound):
                app.send_static_file("missing")

    def test_left_to_subclasses(self) -> None:
        """The maximum age is defined by application and blueprint."""
        with pytest.raises(NotImplementedError):
            Folders(__name__).get_send_file_max_age("x")


@pytest.mark.parametrize("name", [7, b"shop", Path("shop")])
def test_an_import_name_is_a_string(name: Any) -> None:
    """A module is named by a string: it names the logger, too."""
    for make in (lambda: Cocopot(name, autoload=False), lambda: Blueprint("shop", name)):
        with pytest.raises(TypeError, match=r"import_name is .*; it must be the name"):
            make()
