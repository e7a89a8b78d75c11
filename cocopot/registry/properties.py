"""Properties: attributes that plugins add to the application, and to every request."""

from __future__ import annotations

import keyword
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from cocopot.exceptions import add_note
from cocopot.folders import Folders
from cocopot.functions import check_function
from cocopot.lazy_attributes import RequestProperty
from cocopot.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot.app import Cocopot

#: The tables of properties.
PROPERTY_TABLES = ("properties", "request_properties")


class Property(NamedTuple):
    """A property.

    Args:
        kind: Whether the application has it, or each of its requests.
        name: Its name.
        function: Takes the application or the request, and returns the value.
        plugin: The plugin that added it, or `None` for the application.
        lock: Held while the value of an application is computed, which is done once.
    """

    kind: Literal["property", "request property"]
    name: str
    function: Callable[[Any], object]
    plugin: str | None
    lock: RLock

    def compute(self, app: Cocopot, target: object) -> object:
        """Return the value; an exception gets a note with the plugin that added the property.

        Args:
            app: The application.
            target: The application or the request.
        """
        try:
            return self.function(target)
        except Exception as error:
            if self.plugin is not None:
                owner = app.plugins.claims.owner_of(self.kind, self.name) or f"plugin {self.plugin!r}"
                add_note(error, f"Raised by {owner} in the {self.kind} {self.name!r}.")
            raise


class AppProperties(Folders):
    """The properties of an application and of its requests."""

    request_class: type[Request]
    #: The properties of the application, by name.
    properties: dict[str, Property]
    #: The properties of its requests, by name.
    request_properties: dict[str, Property]

    def check_open(self, action: str) -> None:
        """Raise an error that names the remedy if it is too late for `action`."""
        raise NotImplementedError

    def add_property(self, name: str, function: Callable[[Any], object]) -> None:
        """Add an attribute to the application that is computed when it is first read, and cached.

        Call it in `cocopot_setup`. Reading another attribute does not take longer for it.

        Args:
            name: Name of the attribute.
            function: Takes the application, and returns the value.

        Raises:
            RuntimeError: After the first request.
            TypeError: If `function` is not a function or another callable.
            ValueError: If the name is not an identifier, begins with an underscore, or is that of another
                attribute or property.
            PluginError: If another plugin adds a property of that name; raised after the set-up.
        """
        self.check_open("add_property")
        _add(self, "property", self.properties, type(self), name, function)

    def add_request_property(self, name: str, function: Callable[[Any], object]) -> None:
        """Add an attribute to every request that is computed when it is first read, and cached.

        Call it in `cocopot_setup`. Reading another attribute does not take longer for it. A value that is
        assigned to the attribute of a request replaces the computed one.

        Args:
            name: Name of the attribute, as in `request.user`.
            function: Takes the request, and returns the value.

        Raises:
            RuntimeError: After the first request.
            TypeError: If `function` is not a function or another callable.
            ValueError: If the name is not an identifier, begins with an underscore, or is that of another
                attribute or property.
            PluginError: If another plugin adds a property of that name; raised after the set-up.
        """
        self.check_open("add_request_property")
        _add(self, "request property", self.request_properties, self.request_class, name, function)
        if name not in vars(Request):
            setattr(Request, name, RequestProperty(name))

    if not TYPE_CHECKING:  # type checkers would accept any attribute

        def __getattr__(self, name: str) -> object:
            found = self.__dict__.get("properties", {}).get(name)
            if found is None:
                return super().__getattr__(name)
            with found.lock:
                if name not in self.__dict__:  # another thread has not computed it meanwhile
                    self.__dict__[name] = found.compute(self, self)
            return self.__dict__[name]


def _is_name(name: object) -> bool:
    is_identifier = isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)
    return is_identifier and not str(name).startswith("_")


def _add(
    registrar: AppProperties,
    kind: Literal["property", "request property"],
    table: dict[str, Property],
    cls: type,
    name: str,
    function: Callable[[Any], object],
) -> None:
    action = f"add_{kind.replace(' ', '_')}"
    check_function(action, function)
    if not _is_name(name):
        raise ValueError(f"{action}: {name!r} cannot name a property. It must be an identifier without '_'.")
    existing = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
    is_set = name in vars(registrar if kind == "property" else Request({}, False)) and name not in table
    if is_set or (existing is not None and not isinstance(existing, RequestProperty)):
        raise ValueError(f"{action}: {cls.__name__} has an attribute {name!r}. Choose another name.")
    plugins = cast("Cocopot", registrar).plugins
    plugin, known = plugins.current_setup.get(), table.get(name)
    if known is not None and (plugin is None or known.plugin == plugin):  # else it is a conflict
        owner = plugins.claims.owner_of(kind, name) or ("the plugin itself" if plugin else "the application")
        raise ValueError(f"{action}: the {kind} {name!r} is added by {owner} already. Choose another name.")
    table[name] = Property(kind, name, function, plugin, RLock())
