"""Properties: attributes that plugins add to the application, and to every request."""

from __future__ import annotations

import keyword
from contextlib import suppress
from contextvars import ContextVar
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from cocopot.exceptions import add_note
from cocopot.folders import Folders
from cocopot.fork_safety import fork_safe
from cocopot.functions import check_function
from cocopot.lazy_attributes import RequestProperty
from cocopot.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot.hooks import PluginManager

P = TypeVar("P", bound="Property")

#: The tables of properties.
PROPERTY_TABLES = ("properties", "request_properties")


#: The properties that are being computed in this context, outermost first, each with what it belongs to.
_COMPUTING: ContextVar[tuple[tuple[object, Property], ...]] = ContextVar("cocopot.computing", default=())


class Property:
    """A property.

    Args:
        kind: Whether the application has it, or each of its requests.
        name: Its name.
        function: Takes the application or the request, and returns the value.
        plugin: The plugin that added it, or `None` for the application.
        cached: Whether a request computes it once.
    """

    def __init__(
        self,
        kind: Literal["property", "request property"],
        name: str,
        function: Callable[[Any], object],
        plugin: str | None,
        cached: bool = True,
    ) -> None:
        self.kind: Literal["property", "request property"] = kind
        self.name = name
        self.function = function
        self.plugin = plugin
        self.cached = cached

    def compute(self, app: AppProperties, target: object) -> object:
        """Return the value; an exception gets a note with the plugin that added the property.

        Args:
            app: The application.
            target: The application or the request.

        Raises:
            RuntimeError: If the value is being computed already, so that it would be computed for ever.
        """
        outer = _COMPUTING.get()
        if any(self is other and target is its for its, other in outer):
            raise RuntimeError(self._describe_cycle(app, [other for _, other in outer]))
        token = _COMPUTING.set((*outer, (target, self)))
        try:
            return self.function(target)
        except Exception as error:
            if self.plugin is not None:
                add_note(error, f"Raised by {self.owner(app)} in the {self.kind} {self.name!r}.")
            raise
        finally:
            _COMPUTING.reset(token)

    def owner(self, app: AppProperties) -> str:
        """Return who added the property, for messages."""
        if self.plugin is None:
            return "the application"
        return app.plugins.claims.owner_of(self.kind, self.name) or f"plugin {self.plugin!r}"

    def _describe_cycle(self, app: AppProperties, outer: list[Property]) -> str:
        steps = [*outer[outer.index(self) :], self]
        path = " -> ".join(step.name for step in steps)
        return (
            f"The {self.kind} {self.name!r} of {self.owner(app)} is read while it is computed: {path}. "
            "Its function must not read it, nor call what reads it."
        )


class AppProperty(Property):
    """A property of an application, which computes it once."""

    def __init__(self, name: str, function: Callable[[Any], object], plugin: str | None) -> None:
        super().__init__("property", name, function, plugin)
        #: Held while the value is computed.
        self.lock = fork_safe(RLock())


class AppProperties(Folders):
    """The properties of an application and of its requests."""

    plugins: PluginManager
    request_class: type[Request]
    #: The properties of the application, by name.
    properties: dict[str, AppProperty]
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
        _add(self, AppProperty(name, function, _plugin(self)), self.properties)

    def add_request_property(
        self, name: str, function: Callable[[Any], object], *, cached: bool = True
    ) -> None:
        """Add an attribute to every request that is computed when it is first read, and cached.

        It raises what `add_property` raises. A value that is assigned to the attribute of a request replaces
        the computed one.

        Args:
            name: Name of the attribute, as in `request.user`.
            function: Takes the request, and returns the value.
            cached: Whether the value is cached. Without it `function` is called by each reading, for what
                depends on the current context: threads that share a request have one each.
        """
        self.check_open("add_request_property")
        added = Property("request property", name, function, _plugin(self), cached)
        _add(self, added, self.request_properties)
        if name not in vars(Request):
            setattr(Request, name, RequestProperty(name))

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.properties})

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


def _plugin(registrar: AppProperties) -> str | None:
    """Return the plugin that is being set up, if there is one."""
    return registrar.plugins.current_setup.get()


def _add(registrar: AppProperties, new: P, table: dict[str, P]) -> None:
    kind, name = new.kind, new.name
    action = f"add_{kind.replace(' ', '_')}"
    check_function(action, new.function)
    if not _is_name(name):
        raise ValueError(f"{action}: {name!r} cannot name a property. It must be an identifier without '_'.")
    cls = type(registrar) if kind == "property" else registrar.request_class
    is_set = name in vars(registrar if kind == "property" else Request({}, False)) and name not in table
    if is_set or _has_attribute(cls, name):
        raise ValueError(f"{action}: {cls.__name__} has an attribute {name!r}. Choose another name.")
    known = table.get(name)
    if known is not None and (new.plugin is None or known.plugin == new.plugin):  # else it is a conflict
        owner = "the plugin itself" if new.plugin else known.owner(registrar)
        raise ValueError(f"{action}: the {kind} {name!r} is added by {owner} already. Choose another name.")
    table[name] = new


def _has_attribute(cls: type, name: str) -> bool:
    """Whether a class has an attribute of that name which is not the place of a request property."""
    existing = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
    return existing is not None and not isinstance(existing, RequestProperty)


def check_request_class(registrar: object, cls: object) -> None:
    """Reject a class of requests that has an attribute with the name of a request property.

    Args:
        registrar: The application.
        cls: What is assigned to `request_class`.

    Raises:
        ValueError: If it has one, which every request would have in place of the property.
    """
    if not isinstance(registrar, AppProperties) or not isinstance(cls, type):
        return
    properties: dict[str, Property] = {}
    with suppress(AttributeError):  # in the constructor; as for `Registrar.__setattr__`
        properties = object.__getattribute__(registrar, "request_properties")
    for name, found in properties.items():
        if _has_attribute(cls, name):
            raise ValueError(
                f"request_class: {cls.__name__} has an attribute {name!r}, which is a request property of "
                f"{found.owner(registrar)}. Choose another name for the attribute."
            )
