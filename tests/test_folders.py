from __future__ import annotations

import importlib
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.http import http_date

from cocopot import Blueprint, Cocopot
from cocopot.exceptions import NotFound
from cocopot.folders import Folders, instance_path_of, root_path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Lay = Callable[..., str]


@pytest.fixture
def lay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lay]:
    """Return a function that writes modules into a folder, imports the last one and returns the folder."""
    before = set(sys.modules)

    def lay(*files: str, name: str, folder: str = "code") -> str:
        root = tmp_path / folder
        for file in files:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).touch()
        monkeypatch.syspath_prepend(root)
        importlib.import_module(name)
        return str(root)

    yield lay
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def app(tmp_path: Path) -> Cocopot:
    (tmp_path / "static" / "css").mkdir(parents=True)
    (tmp_path / "static" / "css" / "a.css").write_text("0123456789")
    (tmp_path / "secret.txt").write_text("secret")
    return Cocopot("tests_of_folders", autoload=False, root_path=str(tmp_path))


class TestRootPath:
    def test_module(self, lay: Lay) -> None:
        """The root of a module is the folder that it lies in."""
        root = lay("lay_module.py", name="lay_module")
        assert root_path_of("lay_module") == root

    def test_package(self, lay: Lay) -> None:
        """The root of a package is the package's own folder, however deep, and of a module the package's."""
        root = lay("lay_a/__init__.py", "lay_a/b/__init__.py", "lay_a/b/c.py", name="lay_a.b.c")
        assert root_path_of("lay_a") == f"{root}/lay_a"
        assert root_path_of("lay_a.b") == root_path_of("lay_a.b.c") == f"{root}/lay_a/b"

    def test_not_imported(self, lay: Lay) -> None:
        """A module need not have been imported."""
        root = lay("lay_other.py", "lay_later.py", name="lay_other")
        assert root_path_of("lay_later") == root
        assert "lay_later" not in sys.modules

    def test_namespace_package(self, lay: Lay) -> None:
        """A namespace package has no root of its own; a module in it has one."""
        root = lay("lay_space/m.py", name="lay_space.m")
        assert root_path_of("lay_space.m") == f"{root}/lay_space"
        with pytest.raises(RuntimeError, match=r"'lay_space' cannot be told.*Pass root_path="):
            root_path_of("lay_space")

    @pytest.mark.parametrize("name", ["", "no_such_module", "no_such.module"])
    def test_nothing(self, name: str) -> None:
        """Without a file the root is the working directory."""
        assert root_path_of(name) == str(Path.cwd())

    def test_main(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The root of a script is its folder, and of an interactive session the working directory."""
        monkeypatch.setattr(sys.modules["__main__"], "__file__", str(tmp_path / "run.py"), raising=False)
        assert root_path_of("__main__") == str(tmp_path)
        assert instance_path_of("__main__", str(tmp_path)) == str(tmp_path / "instance")
        monkeypatch.delattr(sys.modules["__main__"], "__file__")
        assert root_path_of("__main__") == str(Path.cwd())

    def test_symbolic_link(self, lay: Lay, tmp_path: Path) -> None:
        """A module that is a symbolic link has its root where the link is."""
        (tmp_path / "elsewhere.py").touch()
        (tmp_path / "code").mkdir()
        (tmp_path / "code" / "lay_link.py").symlink_to(tmp_path / "elsewhere.py")
        assert lay(name="lay_link") == root_path_of("lay_link") == str(tmp_path / "code")


class TestInstancePath:
    @pytest.mark.parametrize("name", ["lay_a", "lay_a.b", "lay_a.b.c"])
    def test_beside_the_package(self, lay: Lay, name: str) -> None:
        """The instance folder lies beside the outermost package, whatever in it makes the application."""
        root = lay("lay_a/__init__.py", "lay_a/b/__init__.py", "lay_a/b/c.py", name="lay_a.b.c")
        assert Cocopot(name, autoload=False).instance_path == f"{root}/instance"

    def test_beside_the_module(self, lay: Lay) -> None:
        """The instance folder lies beside a module, also if another root path is given."""
        root = lay("lay_module.py", name="lay_module")
        assert Cocopot("lay_module", autoload=False).instance_path == f"{root}/instance"
        assert Cocopot("lay_module", autoload=False, root_path="/srv").instance_path == f"{root}/instance"

    def test_given_root(self) -> None:
        """Without a file the instance folder lies below the root path."""
        assert Cocopot("no_such_module", autoload=False, root_path="/srv").instance_path == "/srv/instance"

    def test_namespace_package(self, lay: Lay, tmp_path: Path) -> None:
        """Of a namespace package's folders, the one that the application is in counts."""
        lay("lay_space/one.py", name="lay_space.one", folder="first")
        root = lay("lay_space/two.py", name="lay_space.two", folder="second")
        assert Cocopot("lay_space.two", autoload=False).instance_path == f"{root}/instance"

    def test_installed(self, lay: Lay, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """An installed package has its instance folder under `var` of its environment."""
        monkeypatch.setattr(sys, "prefix", str(tmp_path))
        lay("lay_a/__init__.py", name="lay_a", folder="lib/python3/site-packages")
        assert Cocopot("lay_a", autoload=False).instance_path == f"{tmp_path}/var/lay_a-instance"

    def test_given(self, tmp_path: Path) -> None:
        """A given instance folder must be absolute."""
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
        """A resource is opened as bytes by default, or as text, UTF-8 unless said otherwise."""
        (tmp_path / "a.txt").write_text("ü", "utf-8")
        for mode, encoding, text in (
            ("rb", None, "ü".encode()),
            ("r", None, "ü"),
            ("rt", "latin-1", "Ã¼"),
        ):
            with app.open_resource("a.txt", mode, encoding) as file:
                assert file.read() == text

    def test_blueprint(self, tmp_path: Path) -> None:
        """A blueprint's resources lie below its own root."""
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
        """A range of a file is answered with it and its place; HEAD has no body."""
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
        """SEND_FILE_MAX_AGE_DEFAULT says for how long files keep, in seconds or as a span of time."""
        app.config["SEND_FILE_MAX_AGE_DEFAULT"] = age
        response = app.test_client().get("/static/css/a.css", buffered=True)
        assert response.cache_control.max_age == 60

    def test_max_age_by_name(self, tmp_path: Path, app: Cocopot) -> None:
        """A subclass may decide by the name, as it stands in the URL."""

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
        """The URL path is the given one, or made of the folder's name."""
        app = Cocopot(__name__, folder, path, autoload=False)
        assert [rule.rule for rule in app.router.iter_rules("static")] == [rule]

    def test_none(self, tmp_path: Path) -> None:
        """Without a static folder there is no route, no URL path, and nothing to send."""
        app = Cocopot(__name__, None, autoload=False)
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
        """How long files keep is for application and blueprint to say."""
        with pytest.raises(NotImplementedError):
            Folders(__name__).get_send_file_max_age("x")
