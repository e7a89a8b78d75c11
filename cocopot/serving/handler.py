"""The requests of the development server: read as HTTP/1.1 defines them, and passed on byte for byte."""

from __future__ import annotations

import http.client
import io
import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from werkzeug.exceptions import default_exceptions
from werkzeug.serving import WSGIRequestHandler
from werkzeug.urls import uri_to_iri

from cocopot.escapes import quotable
from cocopot.serving.chunks import ChunkedBody
from cocopot.serving.in_flight import IN_FLIGHT

if TYPE_CHECKING:
    from cocopot.types import WSGIEnvironment

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110, section 5.6.2
#: RFC 9112, section 3; bytes of the target that should have been quoted, such as UTF-8, are passed on.
_REQUEST_LINE = re.compile(rf"({_TOKEN}) ([^\x00-\x20\x7f]+) HTTP/([0-9])\.([0-9])")
#: RFC 9112, section 5; no whitespace before the colon, no line that continues another.
_FIELD_LINE = re.compile(rf"({_TOKEN}):[^\x00\r\n]*\r?\n")
_LONGEST_LINE = 65536  # bytes
_MOST_FIELDS = 100
#: A text of the access log: the codes that give it a colour, and itself.
_STYLED = re.compile(r"((?:\x1b\[\d+m)*)(.*?)((?:\x1b\[0m)?)", re.DOTALL)
#: Fields of which a request has at most one line.
_SINGLETONS = frozenset({"host", "content-length", "transfer-encoding"})


class RequestHandler(WSGIRequestHandler):
    """Werkzeug's handler, with a strict parser of the head of a request (RFC 9112).

    Werkzeug splits the request line at any whitespace of Latin-1, ends the header at a malformed line,
    replaces bytes of the path that are not UTF-8, and encodes bytes twice that were not percent-encoded.
    """

    #: Seconds that a client may take for the next bytes; its thread would be occupied for ever.
    timeout = 60

    def run_wsgi(self) -> None:
        """Call the application and send its response; the server waits for that before it stops."""
        with IN_FLIGHT.request():
            super().run_wsgi()

    def parse_request(self) -> bool:
        """Read the head of a request.

        Returns:
            Whether it is valid; if not, an error has been sent to the client.
        """
        self.close_connection = True
        self.raw_requestline: bytes
        if self.raw_requestline in {b"\r\n", b"\n"}:  # one empty line is ignored (RFC 9112, section 2.2)
            self.raw_requestline = self.rfile.readline(_LONGEST_LINE + 1)
        self.command, self.request_version = "", "HTTP/1.1"
        self.requestline = self.raw_requestline.decode("latin-1").rstrip("\r\n")
        match = _REQUEST_LINE.fullmatch(self.requestline)
        if match is None:
            return self._reject(400, "The request line is invalid.")
        if match[3] != "1":
            return self._reject(505, f"HTTP/{match[3]}.{match[4]} is not supported.")
        self.command, self.path = match[1], match[2]
        self.request_version = "HTTP/1.0" if match[4] == "0" else "HTTP/1.1"
        return self._read_fields() and self._check_target() and self._check_framing()

    def _reject(self, status: int, reason: str) -> bool:
        self.__dict__.pop("path", None)  # the access log shows the request line
        body = default_exceptions[status](reason).get_body().encode()
        self.send_response(status)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)
        return False

    def _read_fields(self) -> bool:
        lines: list[bytes] = []
        while (line := self.rfile.readline(_LONGEST_LINE + 1)) not in {b"\r\n", b"\n"}:
            if len(line) > _LONGEST_LINE or len(lines) == _MOST_FIELDS:
                return self._reject(431, "The header is too large.")
            if not _FIELD_LINE.fullmatch(line.decode("latin-1")):
                return self._reject(400, "A line of the header is invalid.")
            lines.append(line.rstrip(b" \t\r\n") + b"\r\n")
        head = io.BytesIO(b"".join([*lines, b"\r\n"]))
        self.headers = http.client.parse_headers(head, _class=self.MessageClass)
        return True

    def _check_target(self) -> bool:
        """Reject a target that is not a path, an URL of HTTP, or `*` (RFC 9112, section 3.2)."""
        if self.path.startswith("/") or self.path == "*":
            return True
        try:
            url = urlsplit(self.path)
            is_valid, reason = url.scheme in {"http", "https"} and bool(url.netloc), "it is no URL of HTTP"
        except ValueError as error:
            is_valid, reason = False, str(error)
        return is_valid or self._reject(400, f"The URL of this request is invalid: {reason}.")

    def _check_singletons(self, names: list[str]) -> bool:
        """Reject fields that are missing, repeated or empty (RFC 9112, sections 3.2 and 6.3)."""
        for name in _SINGLETONS:
            if names.count(name) > 1:
                return self._reject(400, f"This request has several fields {name}.")
        if "host" not in names and self.request_version == "HTTP/1.1":
            return self._reject(400, "This request has no Host.")
        if self.headers.get("Content-Length") == "":
            return self._reject(400, "The Content-Length of this request is not a number of bytes.")
        return True

    def _check_framing(self) -> bool:
        """Reject fields that another server might read differently (RFC 9112, section 6.3)."""
        names = [name.lower() for name in self.headers]
        if not self._check_singletons(names):
            return False
        coding = self.headers.get("Transfer-Encoding")
        if coding is None:
            return True
        if coding.strip(" \t").lower() != "chunked":
            return self._reject(501, "The only transfer coding is chunked.")
        if "content-length" in names or self.request_version == "HTTP/1.0":
            return self._reject(400, "This request has a transfer coding, and a length or an old version.")
        return True

    def make_environ(self) -> WSGIEnvironment:
        """Return the WSGI environment, with the bytes of the URL as they were sent (PEP 3333)."""
        target, self.path = self.path, "/"  # Werkzeug parses a path as a URL, which `//[` is not
        try:
            environ = super().make_environ()
        finally:
            self.path = target
        url = self._split_target()
        if url.netloc:
            environ["HTTP_HOST"] = url.netloc  # it replaces the field (RFC 9112, section 3.2.2)
        environ["PATH_INFO"] = unquote(url.path or "/", "latin-1")
        environ["QUERY_STRING"] = url.query
        environ["REQUEST_URI"] = environ["RAW_URI"] = self.path
        if len(cookies := self.headers.get_all("Cookie", ())) > 1:
            environ["HTTP_COOKIE"] = "; ".join(cookies)
        if "wsgi.input_terminated" in environ:
            environ["wsgi.input"] = ChunkedBody(self.rfile)
        return environ

    def _split_target(self) -> SplitResult:
        if not self.path.startswith("/"):
            return urlsplit(self.path)
        target, _, fragment = self.path.partition("#")
        path, _, query = target.partition("?")
        return SplitResult("", "", path, query, fragment)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log a request; of a URL that cannot be parsed the request line."""
        try:
            uri_to_iri(self.path)
        except (AttributeError, ValueError):
            self.__dict__.pop("path", None)
        super().log_request(code, size)

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - as Werkzeug names it
        """Log, with all of what the client sent escaped, and cut if it is long; Werkzeug escapes controls."""
        super().log(type, message, *(_shown(arg) if isinstance(arg, str) else arg for arg in args))


def _shown(text: str) -> str:
    parts = _STYLED.fullmatch(text)
    return f"{parts[1]}{quotable(parts[2])}{parts[3]}" if parts is not None else text
