"""The JSON provider that uses the standard library, and the functions of an application's provider."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from werkzeug.http import http_date

from cocopot.config_keys import DEFAULTS
from cocopot.context import CURRENT
from cocopot.json_encoders import LAYOUTS, c_encoder, encode, encode_unsorted, escape_surrogates
from cocopot.json_provider import JSONProvider, Setting
from cocopot.missing_names import raise_missing
from cocopot.speedups import DocumentMethods
from cocopot.speedups.documents import AS_ASCII, COMPACT, INDENTED, SORTED, SPACED
from cocopot.strict_json import loads_strictly, scan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot.app import Cocopot
    from cocopot.json_encoders import CEncoder
    from cocopot.response import Response

__all__ = ("DefaultJSONProvider", "JSONProvider", "dump", "dumps", "load", "loads")
#: Replaces methods of the default provider by what is compiled of them.
METHODS: Final = DocumentMethods(encode_unsorted=encode_unsorted, scan=scan)


class DefaultJSONProvider(JSONProvider):
    """Provider that uses the standard library.

    It is configured by the keys `JSON_AS_ASCII`, `JSON_SORT_KEYS`, `JSON_COMPACT` and `JSON_MIMETYPE`, or by
    the attributes `ensure_ascii`, `sort_keys`, `compact` and `mimetype`: what is assigned to those of a
    provider is stored in the configuration, and those of a subclass take precedence over it.

    In addition to the types of JSON it writes dates and datetimes as HTTP dates (RFC 9110, section 5.6.7),
    `Decimal` and `UUID` as text, dataclasses as objects, and what has an `__html__` method as the
    text that it returns.

    Objects have their keys sorted. Where keys of several types make that impossible, as in
    `{1: "a", "b": 2}`, the whole document is written in the order of insertion instead.

    NaN and the infinities are not JSON (RFC 8259, section 6) and rejected, both ways; so are a number such as
    `1e999`, which Python reads as infinity, and an integer of more digits than `sys.set_int_max_str_digits`
    allows. What `loads` accepts, `dumps` can write: a surrogate without its other half becomes an escape.

    Example:
        >>> from cocopot import Cocopot
        >>> from cocopot.json import DefaultJSONProvider
        >>> class SetsAsLists(DefaultJSONProvider):
        ...     def default(self, o):
        ...         return sorted(o) if isinstance(o, set) else super().default(o)
        >>> SetsAsLists(Cocopot("shop")).dumps({"sizes": {2, 1}})
        '{"sizes": [1, 2]}'
    """

    #: Whether output escapes all characters outside ASCII: JSON_AS_ASCII.
    ensure_ascii: Setting[bool] | bool = Setting("JSON_AS_ASCII")
    #: Whether output has the keys of objects sorted: JSON_SORT_KEYS.
    sort_keys: Setting[bool] | bool = Setting("JSON_SORT_KEYS")
    #: Whether responses have no blanks; `None`: not in debug mode: JSON_COMPACT.
    compact: Setting[bool | None] | bool | None = Setting("JSON_COMPACT")

    def __init__(self, app: Cocopot) -> None:
        super().__init__(app)
        self._encoders: dict[int, tuple[json.JSONEncoder, list[CEncoder]]] = {}

    def default(self, o: object) -> object:
        """Return what to write for an object that JSON does not know; override it to add types.

        Args:
            o: The object.

        Raises:
            TypeError: The object has no representation in JSON.
        """
        if isinstance(o, date):
            return http_date(o)
        if isinstance(o, (Decimal, UUID)):
            return str(o)
        if not isinstance(o, type):
            if dataclasses.is_dataclass(o):
                # Not asdict(), which copies all the way down what is going to be written at once.
                return {field.name: getattr(o, field.name) for field in dataclasses.fields(o)}
            if (html := getattr(o, "__html__", None)) is not None:
                return str(html())
        raise TypeError(f"Object of type {type(o).__qualname__} is not JSON serializable")

    @METHODS.dumps
    def dumps(self, obj: object, **kwargs: Any) -> str:
        """Return a value as JSON text.

        Args:
            obj: The value.
            kwargs: Options of `json.JSONEncoder`, which override the configuration. They cost time: an
                encoder is created for the call.

        Raises:
            TypeError: A value or key cannot be written; the message states its type and its place, as a
                JSONPath (RFC 9535).
            ValueError: A number is not finite; the message states it and its place.
                Or a value contains itself.
        """
        text = encode(self._build(kwargs), obj) if kwargs else self._write(SPACED, obj)
        return escape_surrogates(text)

    @METHODS.loads
    def loads(self, s: str | bytes | bytearray, **kwargs: Any) -> Any:
        """Return the value of a JSON text.

        Args:
            s: The text, or its bytes in UTF-8 (or UTF-16 or UTF-32, which are recognized).
            kwargs: Options of `json.loads`.

        Raises:
            ValueError: The text is not JSON, a number is too large for a float, or there are more than 500
                levels of arrays and objects.
        """
        # A JSON object that begins like this is in UTF-8: any other encoding would have a null byte.
        if type(s) is bytes and s[:1] == b"{" and s[1:2] != b"\0":
            text = s.decode()
        else:
            text = s.decode(json.detect_encoding(s)) if isinstance(s, (bytes, bytearray)) else s
        return loads_strictly(text, **kwargs)

    def response(self, *args: object, **kwargs: object) -> Response:
        """Return a response with a value as JSON and a line feed.

        It is without blanks if `JSON_COMPACT` is true, or `None` while the application is not being
        debugged; otherwise it is indented.

        Args:
            args: One value: that value; several: a list of them; none, and no keywords either: `None`.
            kwargs: The items of a dict.

        Returns:
            A response whose content type is `JSON_MIMETYPE`.

        Raises:
            TypeError: There are both positional and keyword arguments, or a value cannot be written.
            ValueError: As for `dumps`.
        """
        return super().response(*args, **kwargs)

    @METHODS.content
    def _content(self, value: object) -> tuple[bytes, str]:
        if type(self).dumps is not DefaultJSONProvider.dumps:
            return super()._content(value)
        app = self.app
        config = app.config
        if self._has_settings:
            compact, mimetype = self.compact, self.mimetype
        else:
            compact, mimetype = config["JSON_COMPACT"], config["JSON_MIMETYPE"]
        if compact is None:
            compact = not app.debug
        text = self._write(COMPACT if compact else INDENTED, value)
        return f"{text}\n".encode("utf-8", "backslashreplace"), mimetype

    def _write(self, layout: int, obj: object) -> str:
        if self._has_settings:
            as_ascii, is_sorted = self.ensure_ascii, self.sort_keys
        else:
            config = self.app.config
            as_ascii, is_sorted = config["JSON_AS_ASCII"], config["JSON_SORT_KEYS"]
        key = layout | (AS_ASCII if as_ascii else 0) | (SORTED if is_sorted else 0)
        prepared = self._encoders.get(key)
        if prepared is None:
            prepared = self._encoders[key] = self._build(LAYOUTS[layout]), []
        encoder, idle = prepared
        c_encode: CEncoder | None
        try:
            c_encode = idle.pop()
        except IndexError:  # the first call, or other threads are writing
            c_encode = c_encoder(encoder)
        if c_encode is None:
            return encode(encoder, obj)
        try:
            text = "".join(c_encode(obj, 0))
        except (TypeError, ValueError) as error:
            failure = error
        else:
            idle.append(c_encode)  # not after an error: it still holds the containers that it was in
            return text
        return encode_unsorted(encoder, obj, failure)

    def _build(self, options: Mapping[str, Any]) -> json.JSONEncoder:
        settings: dict[str, Any] = {
            "default": lambda o: self.default(o),  # noqa: PLW0108 - may be assigned after this was built
            "ensure_ascii": self.ensure_ascii,
            "sort_keys": self.sort_keys,
            "allow_nan": False,
        }
        return json.JSONEncoder(**{**settings, **options})


# -------------------------------------------------------------------------
# With the provider of the current application
# -------------------------------------------------------------------------

#: Outside of a context: the default provider, with the default configuration.
_DEFAULT: Final = DefaultJSONProvider(cast("Cocopot", SimpleNamespace(config=DEFAULTS, debug=False)))


def _provider() -> JSONProvider:
    context = CURRENT.get(None)
    return _DEFAULT if context is None else context.app.json


def dumps(obj: object, **kwargs: Any) -> str:
    """Return a value as JSON text, by the current application's provider, or a default one without it.

    Args:
        obj: The value.
        kwargs: Options of the library in use.
    """
    return _provider().dumps(obj, **kwargs)


def loads(s: str | bytes, **kwargs: Any) -> Any:
    """Return the value of a JSON text, by the current application's provider, or a default one without it.

    Args:
        s: The text, or its bytes in UTF-8.
        kwargs: Options of the library in use.

    Raises:
        ValueError: The text is not JSON.
    """
    return _provider().loads(s, **kwargs)


def dump(obj: object, fp: IO[str], **kwargs: Any) -> None:
    """Write a value as JSON to a file opened for text; see `dumps`.

    Args:
        obj: The value.
        fp: The file; RFC 8259 requires UTF-8.
        kwargs: Options of the library in use.
    """
    _provider().dump(obj, fp, **kwargs)


def load(fp: IO[Any], **kwargs: Any) -> Any:
    """Return the value of a JSON file; see `loads`.

    Args:
        fp: The file, opened for text or for bytes.
        kwargs: Options of the library in use.

    Raises:
        ValueError: The text is not JSON.
    """
    return _provider().load(fp, **kwargs)


if not TYPE_CHECKING:  # type checkers would accept any name

    def __getattr__(name: str) -> object:
        return raise_missing(__name__, name, __all__)
