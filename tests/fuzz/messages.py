"""Requests, mutated: the same seed and number always make the same bytes."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.fuzz.corpus import (
    FILENAMES,
    FORGERY,
    FRAMING,
    HOSTS,
    METHODS,
    ODD_METHODS,
    PATHS,
    PIECES,
    VALUES,
)

#: What a target may contain (RFC 9112, 3.2): the rest is sent percent-encoded, most often.
_IN_TARGETS = "".join(map(chr, range(33, 127)))


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
        headers = [("Host", rng.choice(HOSTS) if rng.random() < 0.08 else "localhost")]
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
        if rng.random() < 0.06:
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
        if chance < 0.2:
            path = self.mutated(path)
        elif chance < 0.5:
            name, query, values = path.partition("?")
            path = f"{name}?{self.mutated(values)}" if query else path
        elif chance < 0.55:
            path += FORGERY
        elif chance < 0.56:
            path = (
                rng.choice(("*", "", "http://a.example", "localhost:80", "http://[/", "//", "?", "a")) + path
            )
            self.is_sound = False
        elif chance < 0.57:
            path += rng.choice(("/a", "%2f", "a", "&a=b", "?")) * rng.choice((100, 1500, 20_000))
        return quote(path, _IN_TARGETS, errors="replace") if rng.random() < 0.9 else path

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
            headers.append((name, self.mutated(value) if rng.random() < 0.15 else value))
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
