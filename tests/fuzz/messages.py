"""Requests, mutated: the same seed and number always make the same bytes."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

#: Begins a line that only an unescaped client can write into a log.
FORGED = "FORGED-LINE"

GET = ("GET", "GET", "GET", "HEAD")
POST = ("POST", "POST", "PUT")
#: A path of each view, with the methods that it has.
PATHS: dict[str, tuple[str, ...]] = {
    "/": GET,
    "/text": GET,
    "/json": POST,
    "/json/lenient": POST,
    "/form": POST,
    "/data": (*POST, "DELETE"),
    "/lines": POST,
    "/pieces": POST,
    "/args?n=3&a=1&a=2&b": GET,
    "/field?q=x": GET,
    "/url?a=%C3%BC+%2B": GET,
    "/headers": (*GET, *POST),
    "/r/7/1.5/00000000-0000-0000-0000-000000000000/x/ab": GET,
    "/signed/-07/-1.5/": GET,
    "/two/a/b/and/c": GET,
    "/file": GET,
    "/buffer": GET,
    "/files/digits.txt": GET,
    "/static/digits.txt": GET,
    "/tagged": GET,
    "/stream": GET,
    "/redirect?to=/text": GET,
    "/header?name=X-Name&value=v": GET,
    "/cookie?name=n&value=v": GET,
    "/download?name=n.txt": GET,
    "/status/404": GET,
    "/after": GET,
    "/fail": GET,
    "/fail/x": GET,
    "/item/3": (*GET, "POST"),
    "/shop/a/": GET,
    "/shop/a/3?no": GET,
    "/shop/a/300": GET,
    "/nowhere": (*GET, *POST),
}
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH")
ODD_METHODS = (
    "get",
    "TRACE",
    "CONNECT",
    "G\xc9T",
    "GET\x00",
    "X" * 300,
    "",
    "M-SEARCH",
    "G E T",
    "{}",
    "PRI",
)

#: Pieces that have led to errors in parsers of URLs, headers and bodies.
PIECES = (
    *(
        "%00",
        "%ff",
        "%2f",
        "%2e%2e",
        "%0a",
        "%0d%0a",
        "%25",
        "%zz",
        "%",
        "%e2%82",
        "%c3%bc",
        "%ed%a0%80",
        "%u1234",
    ),
    *(
        "+",
        ";",
        "&",
        "=",
        "#",
        "?",
        "/",
        "//",
        "/./",
        "/../",
        "\\",
        ":",
        "@",
        "[",
        "]",
        "*",
        "~",
        "^",
        "`",
        ",",
        ".",
    ),
    *(
        "'",
        '"',
        "<",
        ">",
        "{",
        "}",
        "|",
        "..",
        "-1",
        "0",
        "00",
        "1e999",
        "-0",
        "9" * 22,
        "NaN",
        "٣",
        "²",
        "½",
        "ü",
    ),
    *("%f0%9f%98%80", "\ud7ff", "\u2028", "\x85", "\x1b", "\x7f", "\x00", "\t", " ", "%E2%80%AE", "%C2%9B"),
)
FORGERY = f"%0a{FORGED}%1b[31m"

HOSTS = (
    *("localhost", "127.0.0.1", "[::1]:80", "a.example.org", "my_service:5000", "EXAMPLE.org.", "", "a b"),
    *(
        "evil.example/x?y#",
        "<script>",
        "localhost:80:80",
        "localhost:evil",
        "[",
        "a@b",
        "xn--nxasmq6b",
        "b\xfccher",
    ),
    *("x" * 4000, "%00", "\x7f", ".", "a,b", "1", "256.1.1.1", "[::ffff:1.2.3.4%eth0]"),
)
VALUES: dict[str, tuple[str, ...]] = {
    "Range": (
        "bytes=0-3",
        "bytes=-2",
        "bytes=3-",
        "bytes=5-2",
        "bytes=0-1,3-4",
        "lines=1-2",
        "bytes=a-b",
        "=",
        "bytes",
    ),
    "If-Range": ('"digits"', 'W/"digits"', "Sun, 09 Sep 2001 01:46:40 GMT", '"a\\"B"', "x", '"', "0"),
    "If-Match": ("*", '"digits"', 'W/"digits"', '"a", "b"', '"', ",,", "W/"),
    "If-None-Match": ("*", '"digits"', 'W/"digits"', '"a", "digits"', '"\xe9"', "x"),
    "If-Modified-Since": ("Sun, 09 Sep 2001 01:46:40 GMT", "Sun, 99 Sep 0000 01:46:40 GMT", "0", "9" * 40),
    "If-Unmodified-Since": ("Sun, 09 Sep 2001 01:46:40 GMT", "Thu, 01 Jan 1970 00:00:00 +9999", "x"),
    "Cookie": (
        "a=1; b=2",
        'a="x\\073"; a=2',
        "=; ;;",
        "a=\xff",
        "a" * 3000,
        'n="\\777"',
        "$Version=1; a=b",
        "a=\x01",
    ),
    "Accept": (
        "*/*",
        "text/html;q=0.5",
        "a/b;q=x",
        ";;",
        "application/json;q=1e9",
        "*/*;q=nan",
        "a/b;" * 200,
    ),
    "Accept-Language": ("de, en;q=0.1", "*;q=-1", "x-" * 200, "de_DE;q=1.0.0"),
    "Accept-Encoding": ("gzip", "identity;q=0", "\xe9;q=1"),
    "Accept-Charset": ("utf-8;q=0.1, *", "\x7f"),
    "Authorization": (
        "Basic YTpi",
        "Basic ====",
        "Basic \xff",
        "Bearer x",
        'Digest a="b", c',
        "Basic",
        "x" * 500,
    ),
    "Cache-Control": ("no-cache", "max-age=x", "max-age=-1", 'private="a, b"', "=" * 9),
    "Pragma": ("no-cache", "=;"),
    "Content-Type": (
        *(
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "text/plain; charset=x",
        ),
        *(
            "multipart/form-data; boundary=x",
            'multipart/form-data; boundary=""',
            "multipart/form-data; boundary=\xff",
        ),
        *(
            "application/json; charset=utf-16",
            "x",
            ";",
            'a/b; c="',
            "a/b; c*=utf-8''%ff",
            "a/b; c*0=x; c*2=y",
        ),
    ),
    "Content-Length": ("0", "5", "+5", "-1", "5, 5", "1e3", "٣", "99999999999999999999", "", "0x5", "5 5"),
    "Content-Encoding": ("gzip", "identity"),
    "Transfer-Encoding": ("chunked", "gzip, chunked", "Chunked", "chunked, chunked", "x", "identity"),
    "Connection": ("close", "keep-alive", "Upgrade", "close, x"),
    "Upgrade": ("websocket", "h2c"),
    "Expect": ("100-continue", "x"),
    "Origin": ("https://a.example", "null", "\xff", "a b"),
    "Access-Control-Request-Method": ("PUT", "", "\xff"),
    "Access-Control-Request-Headers": ("X-A, x-b", ",,,"),
    "Date": ("Sun, 09 Sep 2001 01:46:40 GMT", "Sun, 09 Sep 20010 01:46:40 GMT", "x"),
    "Max-Forwards": ("1", "x", "٣"),
    "Referer": ("http://a/", "\xff"),
    "User-Agent": ("curl/8", "\x01\xff", "x" * 5000),
    "X-Forwarded-For": ("1.2.3.4, 5.6.7.8", ",", "\xff"),
    "X-Forwarded-Host": ("evil.example",),
    "X-Echo": ("x", "\xff", "\x01"),
    "X_Under": ("score",),
    "": ("no name",),
}


@dataclass(frozen=True)
class Message:
    """A request as it is sent.

    Args:
        number: What it was made from, beside the seed.
        method: Its method, which decides whether an answer has a body.
        data: Its bytes.
        is_sound: Whether where it ends is certain, so that another request may follow.
    """

    number: int
    method: str
    data: bytes
    is_sound: bool


FILENAMES = (
    '; filename="a.txt"',
    "; filename*=utf-8''%ff",
    "; filename=",
    '; filename="\xff/../x',
    "; filename*0=a",
)

#: Headers that affect where a message ends, or what follows it.
FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "expect", "upgrade", ""})


def make_message(seed: int, number: int) -> Message:
    """Return one request.

    Args:
        seed: The seed of the run.
        number: Which of its requests.
    """
    return _Maker(random.Random(f"{seed}:{number}")).make(number)


class _Maker:
    """Makes one request.

    Args:
        rng: Decides.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.is_sound = True

    def make(self, number: int) -> Message:
        """Return the request."""
        rng = self.rng
        path = rng.choice([*PATHS])
        method = self.method(path)
        headers = [("Host", rng.choice(HOSTS) if rng.random() < 0.2 else "localhost")]
        body = self.body(headers) if method in {"POST", "PUT", "PATCH"} or rng.random() < 0.05 else b""
        self.add_headers(headers)
        lines = [
            f"{method} {self.target(path)} {self.version()}",
            *(f"{name}: {value}" for name, value in headers),
            "\r\n",
        ]
        encoding = rng.choice(("latin-1", "utf-8"))
        data = "\r\n".join(lines).encode(encoding, "replace") + body
        self.is_sound = self.is_sound and method in METHODS
        if rng.random() < 0.1:
            data, self.is_sound = self.damaged(data), False
        return Message(number, method, data, self.is_sound)

    # -- heads ----------------------------------------------------------

    def method(self, path: str) -> str:
        """Return a method, which is most often one that the path has."""
        rng = self.rng
        chance = rng.random()
        return rng.choice(ODD_METHODS if chance < 0.03 else METHODS if chance < 0.1 else PATHS[path])

    def target(self, path: str) -> str:
        """Return a request target that begins as a path."""
        rng = self.rng
        chance = rng.random()
        if chance < 0.4:
            path = self.mutated(path)
        elif chance < 0.45:
            path += FORGERY
        elif chance < 0.47:
            path = (
                rng.choice(("*", "", "http://a.example", "localhost:80", "http://[/", "//", "?", "a")) + path
            )
        elif chance < 0.48:
            path += rng.choice(("/a", "%2f", "a", "&a=b", "?")) * rng.choice((100, 1500, 20_000))
        return path.replace(" ", "%20") if rng.random() < 0.9 else path

    def version(self) -> str:
        """Return the version of the protocol."""
        if self.rng.random() > 0.04:
            return "HTTP/1.1"
        self.is_sound = False
        return self.rng.choice(("HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.1 ", "http/1.1", ""))

    def add_headers(self, headers: list[tuple[str, str]]) -> None:
        """Add headers, valid and invalid ones, or remove the host."""
        rng = self.rng
        for _ in range(rng.choice((0, 0, 1, 2, 5))):
            name = rng.choice([*VALUES])
            value = rng.choice(VALUES[name])
            headers.append((name, self.mutated(value) if rng.random() < 0.3 else value))
            self.is_sound = self.is_sound and name.lower() not in FRAMING
        if rng.random() < 0.05:
            headers.append(rng.choice(headers))
            self.is_sound = False
        if rng.random() < 0.03:
            del headers[0]

    def mutated(self, text: str) -> str:
        """Return a text with pieces inserted, removed, replaced or repeated."""
        rng = self.rng
        for _ in range(rng.choice((1, 1, 2, 4))):
            start = rng.randint(0, len(text))
            end = min(len(text), start + rng.choice((0, 0, 1, 3)))
            character = quote(chr(rng.randint(0, 0xFFFF)), errors="replace")
            text = text[:start] + rng.choice((*PIECES, text[start:end] * 3, character)) + text[end:]
        return text

    def damaged(self, data: bytes) -> bytes:
        """Return bytes of which a few have been changed, or that end early."""
        rng = self.rng
        if rng.random() < 0.2:
            return data[: rng.randint(1, len(data))]
        changed = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 8))):
            at = rng.randint(0, len(changed))
            piece = rng.choice((b"", bytes([rng.randrange(256)]), b"\n", b"\r\n", b" "))
            changed[at : at + rng.choice((0, 1, 1))] = piece
        return bytes(changed) or b"\n"

    # -- bodies ---------------------------------------------------------

    def body(self, headers: list[tuple[str, str]]) -> bytes:
        """Return a body as it is sent, after adding the headers that describe it."""
        rng = self.rng
        kind = rng.choice((self._json, self._form, self._multipart, self._multipart, self._bytes))
        content_type, body = kind()
        if rng.random() < 0.15:
            body = self.damaged(body or b"x")
        if rng.random() < 0.9:
            headers.append(("Content-Type", content_type))
        if rng.random() < 0.3:
            headers.append(("Transfer-Encoding", "chunked"))
            return self._chunked(body)
        length = len(body)
        if rng.random() < 0.05:
            length, self.is_sound = max(0, length + rng.choice((-1, 1, 100))), False
        headers.append(("Content-Length", str(length)))
        return body

    def _json(self) -> tuple[str, bytes]:
        rng = self.rng
        if rng.random() < 0.2:
            depth = rng.choice((10, 900, 1100, 50_000))
            text = "[" * depth + "]" * (depth if rng.random() < 0.8 else depth - 1)
        else:
            text = json.dumps(self._value(3), ensure_ascii=rng.random() < 0.5)
        return "application/json", text.encode(errors=rng.choice(("replace", "surrogatepass")))

    def _value(self, depth: int) -> Any:
        rng = self.rng
        if depth and rng.random() < 0.4:
            if rng.random() < 0.5:
                return [self._value(depth - 1) for _ in range(rng.randint(0, 3))]
            return {self.mutated("key"): self._value(depth - 1) for _ in range(rng.randint(0, 3))}
        return rng.choice(
            (
                None,
                True,
                0,
                -0.0,
                1e308 * 10,
                float("nan"),
                10**400,
                1.5e-320,
                "\ud800",
                "\x00",
                self.mutated("text"),
            )
        )

    def _form(self) -> tuple[str, bytes]:
        rng = self.rng
        pairs = [f"{self.mutated('name')}={self.mutated('value')}" for _ in range(rng.choice((0, 1, 3, 30)))]
        return "application/x-www-form-urlencoded", "&".join(pairs).encode(errors="replace")

    def _multipart(self) -> tuple[str, bytes]:
        rng = self.rng
        boundary = rng.choice(("x", "----boundary", "a b", "x" * 71, "x'()+_,-./:=?"))
        parts = []
        for _ in range(rng.choice((0, 1, 2, 5, 120))):
            name = self.mutated("name")
            disposition = f'form-data; name="{name}"'
            if rng.random() < 0.4:
                disposition += rng.choice(FILENAMES)
            head = f"Content-Disposition: {disposition}\r\n"
            if rng.random() < 0.3:
                head += f"Content-Type: {rng.choice(VALUES['Content-Type'])}\r\n"
            value = rng.randbytes(rng.choice((0, 5, 300))) if rng.random() < 0.5 else b"value\r\n--"
            parts.append(f"--{boundary}\r\n{head}\r\n".encode(errors="replace") + value + b"\r\n")
        end = f"--{boundary}--\r\n".encode() if rng.random() < 0.9 else b""
        return f'multipart/form-data; boundary="{boundary}"', b"".join(parts) + end

    def _bytes(self) -> tuple[str, bytes]:
        rng = self.rng
        size = rng.choice((0, 1, 100, 5000)) if rng.random() < 0.97 else 1_200_000
        return rng.choice(VALUES["Content-Type"]), rng.choice(
            (b"x" * size, rng.randbytes(size), b"line\n" * (size // 5))
        )

    def _chunked(self, body: bytes) -> bytes:
        rng = self.rng
        pieces = []
        while body:
            size = rng.choice((1, 7, 1000, len(body)))
            piece, body = body[:size], body[size:]
            extension = rng.choice((b"", b"", b"", b";a=b", b' ; a="x"'))
            pieces.append(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece))
            if len(pieces) > 50 and body:
                pieces.append(b"%x\r\n%s\r\n" % (len(body), body))
                body = b""
        end = b"0\r\n\r\n"
        if rng.random() < 0.15:
            self.is_sound = False
            end = rng.choice(
                (
                    b"",
                    b"0\r\nX-Trailer: 1\r\n\r\n",
                    b"zz\r\n",
                    b"0\r\n",
                    b"-1\r\n\r\n",
                    b"ffffffffffffffff\r\n",
                )
            )
        return b"".join(pieces) + end
