"""What `_compiled.pyx` compiles, in Python: what each is for, and what stands in where that is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.datastructures import ImmutableMultiDict

    from cocopot.types import WSGIEnvironment

T = TypeVar("T")
Kind = TypeVar("Kind", bound="ImmutableMultiDict[str, str]")


#: The header that tells how long a body is, for short bodies: looked up, not made.
LENGTH_HEADERS = {length: ("Content-Length", str(length)) for length in range(1024)}


def new(kind: type[T]) -> T:
    """Return an object without calling its constructor.

    Args:
        kind: Its class, which has no `__new__` of its own.
    """
    return object.__new__(kind)


class Lazy:
    """An attribute that is computed at its first access and then lies in the instance's dict.

    It defines no ``__set__``, so that a value in the instance's dict wins without a call.

    Args:
        load: Computes it from the instance.
        name: Its name.
    """

    def __init__(self, load: Callable[[Any], Any], name: str = "") -> None:
        self.load = load
        self.name = name

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def failed(self, error: Exception) -> None:
        """Raise another exception in place of one that `load` has raised, or return."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        try:
            value = self.load(instance)
        except Exception as error:
            self.failed(error)
            raise
        setattr(instance, self.name, value)  # unlike a look at __dict__, it makes no dict
        return value


class LazyHeaders(Lazy):
    """The headers of a request: as `Lazy`, in one call.

    Args:
        load: Their class, whose constructor is not called.
    """

    load: type[Any]

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        headers = new(self.load)
        headers.environ = instance.environ
        instance.headers = headers
        return headers


class LazyArguments(Lazy):
    """The arguments of a request: as `Lazy`, in one call where nothing in the query string has to be decoded.

    Args:
        load: Computes them where there is something to decode.
        name: As for `Lazy`.
        kind: The class of arguments that need not be decoded.
        plain_storage: The class that the request says that arguments are of, unless it has been changed.
        plain_query_string: The attribute of the request's class, unless it has been overridden.
    """

    def __init__(
        self,
        load: Callable[[Any], Any],
        name: str,
        kind: type[ImmutableMultiDict[str, str]],
        plain_storage: type[ImmutableMultiDict[str, str]],
        plain_query_string: object,
    ) -> None:
        super().__init__(load, name)
        self.kind = kind
        self.plain_storage = plain_storage
        self.plain_query_string = plain_query_string

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        if (
            instance._query_string is None  # noqa: SLF001 - else the one in the environment has been replaced
            and instance.parameter_storage_class is self.plain_storage
            and type(instance).query_string is self.plain_query_string
        ):
            arguments = plain_arguments(instance.environ.get("QUERY_STRING", ""), self.kind)
            if arguments is not None:
                instance.args = arguments
                return arguments
        return super().__get__(instance, owner)


#: Returns the rule and the arguments of a request for which the tables of routing are enough, else `None`.
#: Takes the environment, `Table.hosts` and the configuration. `Router.match_request` does it in Python.
match_plain: Callable[[WSGIEnvironment, Any, Any], Any] | None = None


def plain_arguments(query: str, kind: type[Kind]) -> Kind | None:
    """Return the arguments of a query string, or `None` if there is something to decode in it.

    Args:
        query: The query string.
        kind: The class of what is returned.
    """
    if type(query) is not str or "%" in query or "+" in query or not query.isascii():
        return None
    lists: dict[str, list[str]] = {}
    for piece in query.split("&"):
        if piece:
            key, _, value = piece.partition("=")
            if key in lists:
                lists[key].append(value)
            else:
                lists[key] = [value]
    # A multi dict is a dict of lists; its own constructor would take these for single values.
    arguments: Kind = _new(kind)
    _update(arguments, lists)
    return arguments


def text_answer(
    text: str,
    headers: dict[Any, Any] | None,
    type_header: tuple[str, str],
    plain_names: set[str],
    kind_of_header: Callable[[str], str],
) -> tuple[list[bytes], list[tuple[str, str]]] | None:
    """Return a text and its headers as they are sent, or `None` if Werkzeug has to look at the headers.

    Args:
        text: What a view returned.
        headers: What it returned beside it.
        type_header: The content type, unless `headers` has one.
        plain_names: Names that need no look at them.
        kind_of_header: Looks at another name: an empty string if it is of that sort too.
    """
    body = text.encode()
    length = len(body)
    length_header = LENGTH_HEADERS.get(length) or ("Content-Length", str(length))
    if headers is None:
        return [body], [type_header, length_header]
    head: list[tuple[str, str]] = [*headers.items()]
    has_type = False
    for name, value in head:
        if type(name) is not str or type(value) is not str or "\n" in value or "\r" in value:
            return None
        if name in plain_names:
            continue
        if name == "Content-Type":
            has_type = True
        elif kind_of_header(name):
            return None
    if not has_type:
        head.append(type_header)
    head.append(length_header)
    return [body], head


_new: Any = dict.__new__
_update: Any = dict.update
