"""What an application asks of a JSON library, and the settings of one that reads the configuration."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import IO, TYPE_CHECKING, Any, Final, Generic, TypeVar, overload

if TYPE_CHECKING:
    from typing import Self

    from cocopot.app import Cocopot
    from cocopot.response import Response

T = TypeVar("T")
#: The attributes of a provider that are settings.
SETTINGS: Final = ("compact", "ensure_ascii", "mimetype", "sort_keys")


class Setting(Generic[T]):
    """A setting of a provider: the value of a configuration key, unless a subclass has a value of its own.

    What is assigned to the attribute of a provider is stored in the configuration.

    Args:
        key: The configuration key.
    """

    def __init__(self, key: str) -> None:
        self.key = key

    @overload
    def __get__(self, provider: None, owner: type) -> Self: ...
    @overload
    def __get__(self, provider: JSONProvider, owner: type) -> T: ...
    def __get__(self, provider: JSONProvider | None, owner: type) -> T | Self:
        if provider is None:
            return self
        value: T = provider.app.config[self.key]
        return value

    def __set__(self, provider: JSONProvider, value: T) -> None:
        provider.app.config[self.key] = value


class JSONProvider(ABC):
    """The JSON library of an application; a subclass with `dumps` and `loads` replaces it.

    Args:
        app: The application, whose configuration is read at each call.
    """

    __module__ = "cocopot.json"  # from where it is imported, for messages
    #: The content type of JSON responses: JSON_MIMETYPE.
    mimetype: Setting[str] | str = Setting("JSON_MIMETYPE")
    # Whether a subclass has settings of its own.
    _has_settings = False

    def __init__(self, app: Cocopot) -> None:
        #: The application.
        self.app = app

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._has_settings = any(
            not isinstance(getattr(cls, name, JSONProvider.mimetype), Setting) for name in SETTINGS
        )

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
        value = args[0] if len(args) == 1 and not kwargs else _response_value(args, kwargs)
        body, mimetype = self._content(value)
        return self.app.response_class(body, None, None, None, mimetype)

    def _content(self, value: object) -> tuple[bytes, str]:
        """Return the body and the content type of a response."""
        # JSON writes a surrogate without its other half as Python's error handler does.
        return self.dumps(value).encode(errors="backslashreplace"), self.mimetype


def _response_value(args: tuple[object, ...], kwargs: dict[str, object]) -> object:
    if args and kwargs:
        raise TypeError("a JSON response takes positional or keyword arguments, not both")
    if len(args) == 1:
        return args[0]
    return list(args) or kwargs or None
