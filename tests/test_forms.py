"""A form is read as by Werkzeug's request, whether it is parsed here or there."""

from __future__ import annotations

import io
from tempfile import SpooledTemporaryFile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.wrappers import Request as WerkzeugRequest

from cocopot import Request
from cocopot.exceptions import ClientDisconnected, RequestEntityTooLarge

BODY = (
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--x\r\nContent-Disposition: form-data; name="f"; filename="n.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\ncontent\r\n--x--\r\n"
)


def environ(body: bytes = BODY, **more: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **more,
    }


def read(request: Any) -> list[Any]:
    """Return all that can be read of a form."""
    files = [
        (name, file.filename, [*file.headers], file.read()) for name, file in request.files.items(multi=True)
    ]
    return [
        [*request.form.items(multi=True)],
        files,
        request.data,
        request.stream.read(),
        request.content_length,
    ]


@pytest.fixture
def parsed_by_werkzeug(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Record of each form of our requests that Werkzeug's parser reads."""
    seen = []
    load = WerkzeugRequest._load_form_data

    def record(self: WerkzeugRequest) -> None:
        if isinstance(self, Request):
            seen.append(True)
        load(self)

    monkeypatch.setattr(WerkzeugRequest, "_load_form_data", record)
    return seen


def test_a_plain_form_is_parsed_here(parsed_by_werkzeug: list[bool]) -> None:
    """Fields, files and what is left of the body are as in Werkzeug's request."""
    with Request(environ()) as ours, WerkzeugRequest(environ()) as theirs:
        assert read(ours) == read(theirs)
    assert parsed_by_werkzeug == []


@pytest.mark.parametrize(
    "name", ["parameter_storage_class", "form_data_parser_class", "stream", "want_form_data_parsed"]
)
def test_a_class_with_parts_of_its_own_is_parsed_by_werkzeug(
    name: str, parsed_by_werkzeug: list[bool]
) -> None:
    """A class that overrides a part of the parsing has the form that this part makes."""

    class Arguments(ImmutableMultiDict[str, str]):
        pass

    own: Any = {
        "parameter_storage_class": Arguments,
        "form_data_parser_class": type("Parser", (WerkzeugRequest.form_data_parser_class,), {}),
        "stream": property(lambda self: io.BytesIO(BODY)),
        "want_form_data_parsed": True,
    }[name]
    with type("Own", (Request,), {name: own})(environ()) as request:
        assert request.form["a"] == "1"
    assert parsed_by_werkzeug == [True]


def test_a_stream_of_the_class_is_passed_bytes() -> None:
    """A class that overrides the place of files is called as by Werkzeug, and its file is written bytes."""
    calls: list[Any] = []

    class File(io.BytesIO):
        def write(self, data: Any) -> int:
            calls.append(data)
            return super().write(data)

    class Own(Request):
        def _get_file_stream(self, *args: Any, **kwargs: Any) -> Any:
            names = ("total_content_length", "content_type", "filename", "content_length")
            calls.append(dict(zip(names, args, strict=False)) | kwargs)
            return File()

    request = Own(environ())
    assert type(request.files["f"].stream) is File
    expected = {"filename": "n.txt", "content_type": "text/plain", "content_length": 0}
    assert calls == [{**expected, "total_content_length": len(BODY)}, b"content"]


def test_a_file_is_spooled() -> None:
    """A file is in memory until it is large, as Werkzeug's: it can be written, and has a descriptor."""
    with Request(environ()) as request:
        stream: Any = request.files["f"].stream
        assert type(stream) is SpooledTemporaryFile
        assert stream.fileno() > 2
        assert stream.read() == b"content"


@pytest.mark.parametrize(("name", "limit"), [("max_form_parts", 2), ("max_form_memory_size", len(BODY))])
def test_limits(name: str, limit: int) -> None:
    """A form at a limit is read, one above it refused."""
    for more, is_read in ((0, True), (-1, False)):
        with Request(environ()) as request:
            setattr(request, name, limit + more)
            if is_read:
                assert request.form["a"] == "1"
            else:
                with pytest.raises(RequestEntityTooLarge):
                    _ = request.form


def test_a_truncated_form_is_refused() -> None:
    """A body that is shorter than announced is refused at each attempt."""
    request = Request(environ(CONTENT_LENGTH=str(len(BODY) + 1)))
    for name in ("form", "files", "data", "form"):
        with pytest.raises(ClientDisconnected):
            getattr(request, name)


NO_FORMS = [
    {"CONTENT_TYPE": "text/plain"},
    {"CONTENT_TYPE": ""},
    {"CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": ""},
    {"CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "", "wsgi.input_terminated": True},
    {"CONTENT_TYPE": "text/plain", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True},
]


@settings(deadline=None)
@given(
    st.sampled_from(NO_FORMS), st.permutations(["form", "files", "data", "stream", "values"]), st.booleans()
)
def test_without_a_form(more: dict[str, Any], names: list[str], is_cached: bool) -> None:
    """A body that is not a form is left to be read, in whatever order, as by Werkzeug."""

    def outcomes(request: Any) -> list[Any]:
        if is_cached:
            request.get_data()
        values = [getattr(request, name) for name in names]
        return [value.read() if hasattr(value, "read") else value for value in values]

    assert outcomes(Request(environ(b"text", **more))) == outcomes(WerkzeugRequest(environ(b"text", **more)))


def test_the_files_of_a_refused_form_are_closed() -> None:
    """What Werkzeug's parser has opened is closed when the form is refused, not when it is collected."""
    opened: list[Any] = []

    class Own(Request):
        def _get_file_stream(self, *args: Any, **kwargs: Any) -> Any:
            opened.append(super()._get_file_stream(*args, **kwargs))
            return opened[-1]

    file = BODY[BODY.rindex(b"--x\r\n") : BODY.rindex(b"--x--")]
    with Own(environ(file + BODY)) as request:
        request.max_form_parts = 1
        with pytest.raises(RequestEntityTooLarge):
            request.form  # noqa: B018
        assert [stream.closed for stream in opened] == [True]
