"""Attributes of the application whose value is stored in its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from typing import Self

T = TypeVar("T")


class HasConfig(Protocol):
    """The owner of a `ConfigAttribute`."""

    @property
    def config(self) -> MutableMapping[str, Any]:
        """The configuration that is read and written."""
        ...


class ConfigAttribute(Generic[T]):
    """An attribute of the application whose value is stored in its configuration.

    Example:
        `debug = ConfigAttribute[bool]("DEBUG")` in a class body makes `app.debug` another name for
        `app.config["DEBUG"]`.

    Args:
        name: The configuration key.
        get_converter: Applied to the value each time it is read; what is written is stored as it is.
    """

    def __init__(self, name: str, get_converter: Callable[[Any], T] | None = None) -> None:
        self.name = name
        self.get_converter = get_converter

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...

    @overload
    def __get__(self, obj: HasConfig, owner: type) -> T: ...

    def __get__(self, obj: HasConfig | None, owner: type) -> T | Self:
        """Return the value, or the descriptor itself when read from the class."""
        if obj is None:
            return self
        value: T = obj.config[self.name]
        return value if self.get_converter is None else self.get_converter(value)

    def __set__(self, obj: HasConfig, value: object) -> None:
        """Store the value in the configuration."""
        obj.config[self.name] = value
