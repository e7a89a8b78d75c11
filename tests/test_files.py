"""A file is sent as Werkzeug's `send_file` does, byte for byte, where it is sent without it."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import werkzeug.utils
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.http import parse_date
from werkzeug.test import create_environ, run_wsgi_app

from cocopot import Cocopot, Response, send_file, send_from_directory

if TYPE_CHECKING:
    from pathlib import Path


class Own(Response):
    """A class of the application's own, for which Werkzeug's function makes the response."""


NAMES = [
    "a.txt",
    "b.tar.gz",
    "c d.pdf",
    "e",
    "f'g.css",
    "h\xe4.txt",
    "\u65e5\u672c.txt",
    ".hidden",
    "sub/i.json",
    'j "k"; \u2013 \U0001f426.txt',
    "data:,l",
]
#: The time of each file's last change, in seconds.
CHANGED = 1_700_000_000.25
CHANGED_IN = datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone(timedelta(hours=5)))
NAIVE = CHANGED_IN.replace(tzinfo=None)
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with files."""
    path = tmp_path_factory.mktemp("files")
    (path / "sub").mkdir()
    for name in NAMES:
        (path / name).write_bytes(name.encode() * 3)
        os.utime(path / name, (CHANGED, CHANGED))
    return path


def send(folder: Path, cls: type[Response], view: Any, environ: dict[str, Any]) -> Any:
    """Return status, headers and body of what a view sends; the current date is replaced by a word."""
    app = Cocopot("shop", autoload=False, static_folder=None, root_path=str(folder))
    app.response_class = cls
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.add_url_rule("/", view_func=view, methods=["GET", "POST"])
    try:
        body, status, headers = run_wsgi_app(app, create_environ("/") | environ, buffered=True)
    except (OSError, ValueError) as error:
        return type(error)
    current = [(name, value) for name, value in headers if name in {"Date", "Expires"}]
    assert all(parse_date(value) is not None for _, value in current)
    return status, [item if item not in current else (item[0], "") for item in headers], b"".join(body)


def tag_of(folder: Path, name: str) -> str:
    """Return the entity tag of a file."""
    sent = send(folder, Own, lambda: send_file(name), {})
    return '"none"' if isinstance(sent, type) else dict[str, str](sent[1])["ETag"]


ENVIRONS = st.dictionaries(
    st.sampled_from(
        [
            *("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"),
            *("HTTP_RANGE", "HTTP_IF_RANGE"),
        ]
    ),
    st.sampled_from(
        [
            *(
                "{tag}",
                "W/{tag}",
                '"other", {tag}',
                "*",
                '"other"',
                '"*"',
                '"a,b"',
                '""',
                DATE,
                "Mon, 13 Nov 2023 22:13:20 GMT",
            ),
            *("Wed, 15 Nov 2023 22:13:20 GMT", "nonsense", "", "bytes=0-1", "bytes=-1", "bytes=9999-"),
        ]
    ),
    max_size=3,
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "mimetype": st.sampled_from([None, "text/css", "text/\u0100", "image/png"]),
        "as_attachment": st.booleans(),
        "download_name": st.sampled_from(
            [
                None,
                "x.csv",
                "x y.html",
                "\u20ac.txt",
                "\xdc \u65e5.zip",
                "e\u0301",
                'a".txt',
                "",
                "a;b\\c'.txt",
                "data:text/css,x",
                "\xa0",
            ]
        ),
        "conditional": st.booleans(),
        "etag": st.sampled_from([True, False, "own", "", 'a"b']),
        "last_modified": st.sampled_from([None, 1_600_000_000, 1.5e9, NAIVE, CHANGED_IN]),
        "max_age": st.sampled_from([None, 0, 60, -1, 1.5, True, lambda _: 7]),
    },
)


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from([*NAMES, "missing", "sub"]),
    options=OPTIONS,
    environ=ENVIRONS,
    method=st.sampled_from(["GET", "HEAD", "POST"]),
)
def test_it_is_sent_as_by_werkzeug(
    folder: Path, name: str, options: dict[str, Any], environ: dict[str, str], method: str
) -> None:
    """Status, headers and body are Werkzeug's for all options, conditions and ranges."""
    tag = tag_of(folder, name) if "{tag}" in "".join(environ.values()) else ""
    values = {key: value.replace("{tag}", tag) for key, value in environ.items()}

    def view() -> Response:
        return send_file(name, **options)

    ours, theirs = (send(folder, cls, view, values | {"REQUEST_METHOD": method}) for cls in (Response, Own))
    assert ours == theirs


@settings(max_examples=200, deadline=None)
@given(
    content=st.sampled_from([b"", b"content", b"x" * 65_537]),
    position=st.sampled_from([0, 0, 0, 2]),
    options=OPTIONS,
    environ=ENVIRONS,
    method=st.sampled_from(["GET", "HEAD", "POST"]),
)
def test_a_file_in_memory_is_sent_as_by_werkzeug(
    folder: Path, content: bytes, position: int, options: dict[str, Any], environ: dict[str, str], method: str
) -> None:
    """So are those of a file in memory, also without a name, and it is closed afterwards."""
    files = []

    def view() -> Response:
        files.append(BytesIO(content))
        files[-1].seek(position)
        return send_file(files[-1], **options)

    values = environ | {"REQUEST_METHOD": method}
    ours, theirs = (_send_or_type(folder, cls, view, values) for cls in (Response, Own))
    assert ours == theirs
    assert files[0].closed == files[1].closed


@settings(max_examples=200, deadline=None)
@given(
    buffering=st.sampled_from([-1, 0]),
    mode=st.sampled_from(["rb", "r+b"]),
    position=st.sampled_from([0, 0, 2]),
    options=OPTIONS,
    environ=ENVIRONS,
    method=st.sampled_from(["GET", "HEAD", "POST"]),
)
def test_an_open_file_is_sent_as_by_werkzeug(
    folder: Path,
    buffering: int,
    mode: Any,
    position: int,
    options: dict[str, Any],
    environ: dict[str, str],
    method: str,
) -> None:
    """So is a file that the view has opened, and it is closed afterwards."""
    files = []

    def view() -> Response:
        files.append((folder / "a.txt").open(mode, buffering))
        files[-1].seek(position)
        return send_file(files[-1], **options)

    values = environ | {"REQUEST_METHOD": method}
    ours, theirs = (_send_or_type(folder, cls, view, values) for cls in (Response, Own))
    closed = [file.closed for file in files]
    for file in files:
        file.close()
    assert ours == theirs
    assert closed[0] == closed[1]


def test_a_file_of_an_application_is_sent_without_werkzeug(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Werkzeug's function is not called for a file that is open, nor for a large one in memory."""
    monkeypatch.delattr(werkzeug.utils, "send_file")
    for make in (lambda: (folder / "a.txt").open("rb"), lambda: BytesIO(b"x" * 70_000)):
        with make() as file:
            expected = file.read()
            file.seek(0)
            sent = send(folder, Response, lambda file=file: send_file(file, "text/plain"), {})
            assert (sent[0], sent[2], file.closed) == ("200 OK", expected, True)


def _send_or_type(folder: Path, cls: type[Response], view: Any, environ: dict[str, Any]) -> Any:
    try:
        return send(folder, cls, view, environ)
    except TypeError as error:
        return str(error)


def test_a_file_in_memory_whose_bytes_are_used(folder: Path) -> None:
    """A file of whose bytes a view is still used is sent, and left open."""
    file = BytesIO(b"content")
    with file.getbuffer():
        sent = send(folder, Response, lambda: send_file(file, download_name="a.txt"), {})
        assert (sent[0], sent[2], file.closed) == ("200 OK", b"content", False)


PATHS = [
    "a.txt",
    "./a.txt",
    "a.txt/",
    "a.txt/.",
    "sub/../a.txt",
    "../files/a.txt",
    "/etc/passwd",
    "",
    ".",
    "sub",
]


@pytest.mark.parametrize(
    "path", [*PATHS, "..", "a\0b", "\ud800", "a" * 300, "a.txt/b", "sub//i.json", "sub/i.json", "a\\b"]
)
@pytest.mark.parametrize("directory", ["", ".", "sub", "sub/..", "{folder}", "{folder}/"])
def test_a_path_is_served_as_by_werkzeug(folder: Path, path: str, directory: str) -> None:
    """A path leads to the file or the 404 that it leads to with Werkzeug's function."""

    def view() -> Response:
        return send_from_directory(directory.format(folder=folder), path)

    ours, theirs = (send(folder, cls, view, {}) for cls in (Response, Own))
    assert ours == theirs


def test_it_is_sent_without_werkzeug(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ordinary calls do not need Werkzeug's functions."""
    tag = tag_of(folder, "a.txt")
    monkeypatch.delattr(werkzeug.utils, "send_file")
    monkeypatch.delattr(werkzeug.utils, "send_from_directory")
    assert send(folder, Response, lambda: send_file("a.txt", max_age=60), {})[0] == "200 OK"
    assert send(folder, Response, lambda: send_from_directory("sub", "i.json"), {})[0] == "200 OK"
    status, headers, body = send(folder, Response, lambda: send_file("a.txt"), {"HTTP_IF_NONE_MATCH": tag})
    assert (status, body) == ("304 NOT MODIFIED", b"")
    assert {name for name, _ in headers} == {"Cache-Control", "ETag", "Date", "Accept-Ranges"}


def test_a_changed_file_is_sent_again(folder: Path) -> None:
    """What is cached belongs to one version of a file."""
    tag = tag_of(folder, "e")
    (folder / "e").write_bytes(b"changed")
    status, headers, body = send(folder, Response, lambda: send_file("e"), {"HTTP_IF_NONE_MATCH": tag})
    assert (status, body, dict(headers)["Content-Length"]) == ("200 OK", b"changed", "7")


@pytest.mark.parametrize(("key", "value", "status"), [("NONE_MATCH", "*", 304), ("MATCH", '"other"', 412)])
def test_a_hook_may_read_a_body_that_is_not_sent(folder: Path, key: str, value: str, status: int) -> None:
    """A response without the file is an ordinary one, as Werkzeug's is; one with it is passed through."""
    app = Cocopot("shop", autoload=False, static_folder=None, root_path=str(folder))
    app.add_url_rule("/", view_func=lambda: send_file("a.txt"))
    seen: list[object] = []

    @app.after_request
    def read(response: Response) -> None:
        seen.append((response.status_code, response.direct_passthrough))
        if not response.direct_passthrough:
            seen.append(response.data)

    client = app.test_client()
    client.get("/", headers={f"If-{key.title().replace('_', '-')}": value})
    client.get("/")
    assert seen == [(status, False), b"", (200, True)]


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 200_000])
def test_sizes(tmp_path: Path, size: int) -> None:
    """A file is the same whether it is read before it is sent or not."""
    (tmp_path / "a.bin").write_bytes(b"x" * size)
    status, headers, body = send(tmp_path, Response, lambda: send_file("a.bin"), {})
    assert (status, len(body), dict(headers)["Content-Length"]) == ("200 OK", size, str(size))
    assert send(tmp_path, Own, lambda: send_file("a.bin"), {}) == (status, headers, body)


@pytest.mark.parametrize("text", ["0-0", "1-65536", "0-65536", "5-", "-7", "-65537", "199999-"])
def test_ranges(tmp_path: Path, text: str) -> None:
    """A range is the same whether it is read before it is sent or not."""
    (tmp_path / "a.bin").write_bytes(bytes(range(250)) * 800)
    sent = send(tmp_path, Response, lambda: send_file("a.bin"), {"HTTP_RANGE": f"bytes={text}"})
    assert sent == send(tmp_path, Own, lambda: send_file("a.bin"), {"HTTP_RANGE": f"bytes={text}"})
    assert sent[0] == "206 PARTIAL CONTENT"


def test_a_file_that_has_grown_is_left_to_the_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not read into a response with headers of another length."""
    stat = os.stat

    def one_byte_less(path: str) -> object:
        found = stat(path)
        return os.stat_result([*found[:6], found.st_size - 1, *found[7:]], {"st_mtime": found.st_mtime})

    app = Cocopot("shop", autoload=False, static_folder=None, root_path=str(folder))
    with app.test_request_context("/"):
        monkeypatch.setattr("cocopot.files.os.stat", one_byte_less)
        response = send_file("a.txt")
        monkeypatch.undo()
        response.close()
    assert not response.is_sequence
    assert response.headers["Content-Length"] == "14"
