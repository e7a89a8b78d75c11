"""The JSON provider: how an application reads and writes JSON."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from abc import ABC, abstractmethod
from datetime import date
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, Final
from uuid import UUID

from werkzeug.http import http_date

from cocopot.escapes import printable
from cocopot.strict_json import loads_strictly, raise_not_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cocopot.app import Cocopot
    from cocopot.response import Response

    _CEncoder = Callable[[object, int], Iterable[str]]


class JSONProvider(ABC):
    """The JSON library of an application; a subclass with `dumps` and `loads` replaces it.

    Args:
        app: The application, whose configuration is read at each call.
    """

    def __init__(self, app: Cocopot) -> None:
        self._app = app

    @abstractmethod
    def dumps(self, obj: object, **kwargs: Any) -> str:
        """Return a value as JSON text.

        Args:
            obj: The value.
            kwargs: Options of the library in use.
        """

    @abstractmethod
    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Return the value of a JSON text.

        Args:
            s: The text, or its bytes in UTF-8.
            kwargs: Options of the library in use.

        Raises:
            ValueError: The text is not JSON.
        """

    def dump(self, obj: object, fp: IO[str], **kwargs: Any) -> None:
        """Write a value as JSON to a file opened for text.

        Args:
            obj: The value.
            fp: The file; RFC 8259 requires UTF-8.
            kwargs: As for `dumps`.
        """
        fp.write(self.dumps(obj, **kwargs))

    def load(self, fp: IO[Any], **kwargs: Any) -> Any:
        """Return the value of a JSON file.

        Args:
            fp: The file, opened for text or for bytes.
            kwargs: As for `loads`.

        Raises:
            ValueError: The text is not JSON.
        """
        return self.loads(fp.read(), **kwargs)

    def response(self, *args: object, **kwargs: object) -> Response:
        """Return a response with a value as JSON.

        Args:
            args: One value: that value; several: a list of them; none, and no keywords either: `None`.
            kwargs: The items of a dict.

        Returns:
            A response whose content type is `JSON_MIMETYPE`.

        Raises:
            TypeError: There are both positional and keyword arguments.
        """
        return self._respond(self.dumps(_response_value(args, kwargs)))

    def _respond(self, text: str) -> Response:
        # JSON writes a surrogate without its other half as Python's error handler does.
        body = text.encode(errors="backslashreplace")
        return self._app.response_class(body, None, None, None, self._app.config["JSON_MIMETYPE"])


class DefaultJSONProvider(JSONProvider):
    """Provider that uses the standard library.

    It is configured by the keys `JSON_AS_ASCII`, `JSON_SORT_KEYS`, `JSON_COMPACT` and `JSON_MIMETYPE`.

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

    def __init__(self, app: Cocopot) -> None:
        super().__init__(app)
        self._encoders: dict[tuple[str, bool, bool], tuple[json.JSONEncoder, list[_CEncoder]]] = {}

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
        text = _encode(self._build(kwargs), obj) if kwargs else self._write("spaced", obj)
        return _escape_surrogates(text)

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
        if type(self).dumps is not DefaultJSONProvider.dumps:
            return super().response(*args, **kwargs)
        compact = self._app.config["JSON_COMPACT"]
        if compact is None:
            compact = not self._app.debug
        value = args[0] if len(args) == 1 and not kwargs else _response_value(args, kwargs)
        return self._respond(self._write("compact" if compact else "indented", value) + "\n")

    def _write(self, layout: str, obj: object) -> str:
        config = self._app.config
        key = (layout, not config["JSON_AS_ASCII"], not config["JSON_SORT_KEYS"])
        prepared = self._encoders.get(key)
        if prepared is None:
            prepared = self._encoders[key] = self._build(_LAYOUTS[layout]), []
        encoder, idle = prepared
        c_encode: _CEncoder | None
        try:
            c_encode = idle.pop()
        except IndexError:  # the first call, or other threads are writing
            c_encode = _c_encoder(encoder)
        if c_encode is None:
            return _encode(encoder, obj)
        try:
            text = "".join(c_encode(obj, 0))
        except (TypeError, ValueError) as error:
            failure = error
        else:
            idle.append(c_encode)  # not after an error: it still holds the containers that it was in
            return text
        return _encode_unsorted(encoder, obj, failure)

    def _build(self, options: Mapping[str, Any]) -> json.JSONEncoder:
        config = self._app.config
        settings: dict[str, Any] = {
            "default": lambda o: self.default(o),  # noqa: PLW0108 - may be assigned after this was built
            "ensure_ascii": config["JSON_AS_ASCII"],
            "sort_keys": config["JSON_SORT_KEYS"],
            "allow_nan": False,
        }
        return json.JSONEncoder(**{**settings, **options})


_LAYOUTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "spaced": {},
    "compact": {"separators": (",", ":")},
    "indented": {"indent": 2},
}


def _escape_surrogates(text: str) -> str:
    """Return a JSON text that can be encoded: a surrogate without its other half is written as an escape."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def _response_value(args: tuple[object, ...], kwargs: dict[str, object]) -> object:
    if args and kwargs:
        raise TypeError("a JSON response takes positional or keyword arguments, not both")
    if len(args) == 1:
        return args[0]
    return list(args) or kwargs or None


def _c_encoder(encoder: json.JSONEncoder) -> _CEncoder | None:
    """Return a reusable C encoder, or `None` if unavailable.

    It remembers which containers it is in, so that it serves one call at a time.
    """
    make: Callable[..., _CEncoder] | None = getattr(json.encoder, "c_make_encoder", None)
    if make is None or getattr(encoder, "indent", None) is not None:
        return None
    escape = "encode_basestring_ascii" if encoder.ensure_ascii else "encode_basestring"
    return make(
        {},
        encoder.default,
        getattr(json.encoder, escape),
        None,
        encoder.key_separator,
        encoder.item_separator,
        encoder.sort_keys,
        encoder.skipkeys,
        encoder.allow_nan,
    )


def _encode(encoder: json.JSONEncoder, obj: object) -> str:
    try:
        return encoder.encode(obj)
    except (TypeError, ValueError) as error:
        failure = error
    return _encode_unsorted(encoder, obj, failure)


def _encode_unsorted(encoder: json.JSONEncoder, obj: object, failure: Exception) -> str:
    """Write without sorting if keys cannot be sorted; raise any other failure with its place."""
    if encoder.sort_keys and isinstance(failure, TypeError):
        # Keys of several types have no order; any other error occurs again.
        encoder = copy.copy(encoder)
        encoder.sort_keys = False
        return _encode(encoder, obj)
    _raise_with_path(failure, encoder, obj)
    raise failure


def _raise_with_path(failure: Exception, encoder: json.JSONEncoder, obj: object) -> None:
    """Inspect a value that could not be written, and raise the failure again, with its place."""
    seen: dict[int, object] = {}  # the objects too: an id may be reused after its object is gone
    pending: list[tuple[str, object]] = [("$", obj)]
    while pending:
        path, value = pending.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        try:
            pending += reversed(_children(encoder, path, value))
        except (TypeError, ValueError) as error:
            if type(error) is not type(failure):
                continue
            path = printable(path)  # keys may be what a client sent
            if type(error) not in {TypeError, ValueError}:
                error.add_note(f"while writing {path} as JSON")
                raise
            raise type(error)(f"{error} (at {path})") from error


def _children(encoder: json.JSONEncoder, path: str, value: object) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [(f"{path}[{key!r}]", item) for key, item in value.items() if _is_key(encoder, key)]
    if isinstance(value, (list, tuple)):
        return [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    if value is None or isinstance(value, (str, int, float)):
        _check_number(encoder, value)
        return []
    return [(path, encoder.default(value))]


def _is_key(encoder: json.JSONEncoder, key: object) -> bool:
    if key is None or isinstance(key, (str, int, float)):
        _check_number(encoder, key)
        return True
    if encoder.skipkeys:
        return False
    raise TypeError(f"Key of type {type(key).__qualname__} is not str, int, float, bool or None")


def _check_number(encoder: json.JSONEncoder, value: object) -> None:
    if isinstance(value, float) and not (encoder.allow_nan or math.isfinite(value)):
        raise_not_json(repr(value))
    if isinstance(value, int):
        int.__repr__(value)  # a ValueError if it has too many digits
