"""Multipart forms that are written plainly are read as by Werkzeug's parser, and all others by it."""

from __future__ import annotations

import io
import random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.formparser import MultiPartParser
from werkzeug.test import create_environ

from cocopot import Request
from cocopot.exceptions import BadRequest, RequestEntityTooLarge
from cocopot.speedups import multipart as in_python
from cocopot.speedups import split_form
from cocopot.speedups.multipart import boundary_of

NAMES = [
    "a",
    "",
    "a b",
    "\xe4\u20ac",
    "a;b=c",
    "[0]",
    "'",
    "x*",
    'q"',
    "back\\slash",
    "100%22",
    "n\n",
    "t\t",
    "\x7f",
]
CONTENTS = [
    b"",
    b"text",
    b"\r\n",
    b"\n--x",
    b"\r--x",
    b"--x",
    b"\r\n--",
    b"\r\n--xy",
    b"\xff\x00",
    b"\r\n\r\n",
    b"-",
]
TYPES = [
    "",
    "\r\nContent-Type: text/plain",
    "\r\nContent-Type: a/b; charset=latin1",
    "\r\nX-A: b",
    "\r\ncontent-type: c",
]
part = st.builds(
    lambda name, filename, more, content: (
        f'\r\nContent-Disposition: form-data; name="{name}"{filename}{more}\r\n\r\n'.encode() + content
    ),
    st.sampled_from(NAMES),
    st.sampled_from(
        ["", '; filename="f.txt"', '; filename=""', '; filename="\xe4"', "; filename=f", '; size="1"']
    ),
    st.sampled_from(TYPES),
    st.lists(st.sampled_from(CONTENTS), max_size=4).map(b"".join),
)
odd_part = st.sampled_from(
    [
        b"\r\n\r\n",
        b"\r\nnonsense\r\n\r\n1",
        b"\nContent-Disposition: form-data; name=a\n\n1",
        b'\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n1',
        b' \r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
        b'\r\nContent-Disposition: form-data; name="a"\r\n',
        b"\r\nContent-Disposition: form-data\r\n\r\n1",
        b'\r\nContent-Disposition: attachment; name="a"\r\n\r\n1',
    ]
)
FIELD = b'\r\nContent-Disposition: form-data; name="%b"\r\n\r\n1'
FILE = b'\r\nContent-Disposition: form-data; name="%b"; filename="f.txt"\r\n\r\n1'
ENDS = [b"--\r\n", b"--", b"-- \r\nmore\r\n--x\r\n", b"", b"-", b"\r\n", b"--x"]


def read_by_werkzeug(body: bytes, max_parts: int | None) -> Any:
    """Return the fields and files of a form, or the class of the exception that its parser raises."""
    in_memory: Any = lambda **_: io.BytesIO()  # noqa: E731 - it has no other type
    parser = MultiPartParser(stream_factory=in_memory, max_form_parts=max_parts)
    try:
        fields, files = parser.parse(io.BytesIO(body), b"x", len(body))
    except (ValueError, RequestEntityTooLarge) as error:
        return type(error)
    return [*fields.items(multi=True)], [
        (name, file.filename, file.name, [*file.headers], file.read())
        for name, file in files.items(multi=True)
    ]


@settings(deadline=None, max_examples=1000)
@given(
    st.sampled_from([b"", b"", b"", b"preamble", b"\r\n"]),
    st.lists(part | part | odd_part, max_size=4),
    st.sampled_from(ENDS),
    st.sampled_from([None, None, 0, 1, 2]),
)
@example(b"", [b'\r\nContent-Disposition: form-data; name="a"\r\n\r\n1'], b"--", None)
@example(b"", [FIELD % b"a", FIELD % b"b", FIELD % b"a"], b"--", None)
@example(b"", [FILE % b"a", FILE % b"b", FILE % b"a"], b"--", None)
def test_parts(preamble: bytes, parts: list[bytes], end: bytes, max_parts: int | None) -> None:
    """Names, headers and contents are those of Werkzeug's parser, or it decides."""
    body = preamble + b"--x" + b"\r\n--x".join([*parts, end])
    found = split_form(body, b"x", max_parts)
    assert found == in_python.split_form(body, b"x", max_parts)
    if found is None:
        return
    fields = [
        (name, body[start:stop].decode(errors="replace"))
        for name, filename, _, start, stop in found
        if filename is None
    ]
    files = [
        (name, (name, filename, name, headers, body[start:stop]))
        for name, filename, headers, start, stop in found
        if filename is not None
    ]
    # Werkzeug's parser returns dicts, in which the values of a name are together.
    grouped = [*MultiDict(fields).items(multi=True)], [file for _, file in MultiDict(files).items(multi=True)]
    assert grouped == read_by_werkzeug(body, max_parts)


@pytest.mark.parametrize("size", [0, 1, 65_400, 65_500, 65_536, 66_000, 131_072, 200_000])
def test_contents_of_any_size(size: int) -> None:
    """Random bytes are read as by Werkzeug's parser, wherever its pieces of 64 KiB end."""
    content = random.Random(size).randbytes(size)
    for before in range(0, 140, 7):
        head = b'--x\r\nContent-Disposition: form-data; name="' + b"n" * before
        body = head + b'"; filename="f"\r\n\r\n' + content + b"\r\n--x--\r\n"
        found = split_form(body, b"x", None) or []
        assert found == in_python.split_form(body, b"x", None)
        ((name, filename, headers, start, end),) = found
        assert [(name, filename, name, headers, body[start:end])] == read_by_werkzeug(body, None)[1]


PLAIN = b'\r\nContent-Disposition: form-data; name="a"\r\n\r\n'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        b"--x--",
        b"--x" + PLAIN,
        b"--x" + PLAIN + b"--x--",
        b"--x" + PLAIN + b"1\n--x--",
        b"--x" + PLAIN + b"1\r\n--x \r\n--x--",
        b"--x" + PLAIN + b"--xy\r\n--x--",
        b"--x\r\n\r\n1\r\n--x--",
        b"\r\n--x" + PLAIN + b"1\r\n--x--",
    ],
)
def test_what_is_left_to_werkzeug(body: bytes) -> None:
    """Nothing is decided about a form that could be read in more than one way, or that is broken."""
    assert not split_form(body, b"x", None)
    assert split_form(body, b"x", None) == in_python.split_form(body, b"x", None)


def test_what_browsers_and_libraries_send() -> None:
    """Fields and files of a browser and of HTTP libraries are read here."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="\xc3\xa4.txt"\r\n'
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n\r\n--y\r\n--x--\r\n"
    )
    for split in (split_form, in_python.split_form):
        field, file = split(body, b"x", 2) or []
        assert field == ("a", None, [], field[3], field[4])
        assert body[field[3] : field[4]] == b"1"
        assert file[:3] == (
            "f",
            "\xe4.txt",
            [
                ("Content-Disposition", 'form-data; name="f"; filename="\xe4.txt"'),
                ("Content-Type", "text/plain; charset=utf-8"),
            ],
        )
        assert body[file[3] : file[4]] == b"\r\n--y"
        assert split(body, b"x", 1) is None
        assert split(bytearray(body), b"x", 2) is None  # type: ignore[arg-type]
        assert split(body, b"", 2) is None


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk", b"----WebKitFormBoundary7MA4YWxk"),
        ("multipart/form-data;boundary=x", b"x"),
        ("multipart/form-data; boundary=a/b", b"from the parameters"),
        ('multipart/form-data; boundary="a b"', b"from the parameters"),
        ("multipart/form-data; charset=utf-8; boundary=x", b"from the parameters"),
    ],
)
def test_boundary(content_type: str, boundary: bytes) -> None:
    """A boundary that is not quoted is found without parsing the parameters."""
    assert boundary_of(content_type, lambda: {"boundary": "from the parameters"}) == boundary


@pytest.mark.parametrize("form", [Request, type("Other", (Request,), {"parameter_storage_class": MultiDict})])
@pytest.mark.parametrize("quote", ["", '"'])
def test_the_longest_boundary(form: type[Request], quote: str) -> None:
    """70 characters are a boundary, 71 are not: a body of what a long one begins with would take long."""
    for length, expected in ((70, "1"), (71, None)):
        boundary = "-" * length
        body = f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--{boundary}--\r\n'
        content_type = f"multipart/form-data; boundary={quote}{boundary}{quote}"
        request = form(create_environ(method="POST", data=body, content_type=content_type))
        if expected is None:
            with pytest.raises(BadRequest):
                request.form  # noqa: B018 - the property is the test
        else:
            assert request.form.get("a") == expected


def test_no_boundary() -> None:
    """A boundary that is missing is empty, and one that is not ASCII a ValueError."""
    assert boundary_of("multipart/form-data", dict) == b""
    with pytest.raises(ValueError, match="ascii"):
        boundary_of("multipart/form-data; boundary=\xe9", lambda: {"boundary": "\xe9"})


HEADS = [
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b" ",
        b'"',
        b"a",
        b"; ",
        b"%",
        b"\\",
        b"\x7f",
        b"\x1f",
        b"\xc3\xa9",
        b"\xff",
    ),
    *(
        b"Content-Disposition: ",
        b'form-data; name="',
        b'"; filename="',
        b"\r\nContent-Type: ",
        b"charset=",
        b"--x",
    ),
    b'\r\nContent-Disposition: form-data; name="',
    b'"\r\n\r\n',
]


@settings(deadline=None, max_examples=3000)
@given(st.lists(st.sampled_from(HEADS), max_size=12).map(b"".join), st.sampled_from([None, 0, 1, 2]))
@example(b'\r\nContent-Disposition: form-data; name="a"; filename="b"\r\nContent-Type: \r\n\r\n', None)
@example(b'\r\nContent-Disposition: form-data; name="a"; filename="b"\r\nContent-Type: a \r\n\r\n', None)
@example(b'\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: a; CharSet=b\r\n\r\n', None)
@example(b'\r\nContent-Disposition: form-data; name="a"; filename="\xff"\r\n\r\n', None)
@example(b'\r\nContent-Disposition: form-data; name="a"; filename="b"; \r\n\r\n', None)
def test_heads(head: bytes, max_parts: int | None) -> None:
    """The head of a part is plain, or not, for the function that is compiled and for the one in Python."""
    for body in (
        b"--x" + head + b"content\r\n--x--",
        b"--x" + head,
        b"--x" + head + b"1\r\n--x" + head + b"\r\n--x--",
    ):
        found = split_form(body, b"x", max_parts)
        assert found == in_python.split_form(body, b"x", max_parts)
        if found:
            assert isinstance(read_by_werkzeug(body, max_parts), tuple)
