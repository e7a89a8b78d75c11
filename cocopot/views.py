"""Class-based views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from cocopot.context import current_request
from cocopot.functions import check_function

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from cocopot.types import ResponseValue
    from cocopot.types import View as ViewFunction

HTTP_METHODS = frozenset({"get", "post", "head", "options", "delete", "put", "trace", "patch"})


class View:
    """Base class of class-based views; a subclass defines `dispatch_request`.

    Example:
        ```python
        from cocopot import Cocopot
        from cocopot.views import View

        class Hello(View):
            def dispatch_request(self, name):
                return f"Hello, {name}!"

        app = Cocopot("shop")
        app.add_url_rule("/hello/<name>", view_func=Hello.as_view("hello"))
        assert app.test_client().get("/hello/Ada").text == "Hello, Ada!"
        ```
    """

    #: HTTP methods of the view; by default GET, and for a `MethodView` those that it defines.
    methods: ClassVar[Collection[str] | None] = None
    #: Whether OPTIONS is answered automatically; by default unless it is in `methods`.
    provide_automatic_options: ClassVar[bool | None] = None
    #: Decorators for the view function, innermost first.
    decorators: ClassVar[Sequence[Callable[[ViewFunction], ViewFunction]]] = []
    #: Whether a new instance is created for each request; otherwise all requests share one.
    init_every_request: ClassVar[bool] = True

    def dispatch_request(self, *args: Any, **kwargs: Any) -> ResponseValue:
        """Return the response value for a request; subclasses define it, with parameters of their own.

        Args:
            args: Never passed; declared so that subclasses may have any parameters.
            kwargs: The values of the URL's variables.
        """
        raise NotImplementedError(f"{type(self).__name__} has no dispatch_request().")

    @classmethod
    def as_view(cls, name: str, *class_args: object, **class_kwargs: object) -> ViewFunction:
        """Return a view function.

        Args:
            name: Name of the function, and so by default of the endpoint.
            class_args: Positional arguments for each instance of the class.
            class_kwargs: Keyword arguments for each instance of the class.
        """
        cls._check_methods()
        if cls.init_every_request:

            def view(**kwargs: object) -> ResponseValue:
                return cls(*class_args, **class_kwargs).dispatch_request(**kwargs)

        else:
            instance = cls(*class_args, **class_kwargs)

            def view(**kwargs: object) -> ResponseValue:
                return instance.dispatch_request(**kwargs)

        names = {"__name__": name, "__module__": cls.__module__, "__doc__": cls.__doc__}
        function: ViewFunction = view
        _set_attributes(function, names)
        for decorator in cls.decorators:
            function = decorator(function)
            _set_attributes(function, names)
        options = {"methods": cls.methods, "provide_automatic_options": cls.provide_automatic_options}
        _set_attributes(function, {"view_class": cls, **options})
        return function

    @classmethod
    def _check_methods(cls) -> None:
        """Reject an `async def` method, unless a decorator of the class may run it."""
        for name in ("dispatch_request", *sorted(HTTP_METHODS)):
            if not cls.decorators and hasattr(cls, name):
                check_function(f"{cls.__name__}.as_view()", getattr(cls, name), may_yield=True)


def _set_attributes(function: ViewFunction, attributes: Mapping[str, object]) -> None:
    for name, value in attributes.items():
        setattr(function, name, value)


class MethodView(View):
    """Base class of views with one method per HTTP method: `get`, `post` and so on.

    A HEAD request calls `get`, unless the class defines `head`.
    """

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "methods" not in cls.__dict__:
            methods = {name.upper() for name in HTTP_METHODS if hasattr(cls, name)}
            for base in cls.__bases__:
                methods.update(getattr(base, "methods", None) or ())
            if methods:
                cls.methods = methods

    def dispatch_request(self, *args: Any, **kwargs: Any) -> ResponseValue:
        """Call the method that is named after the HTTP method of the request.

        Raises:
            TypeError: If the class does not define it, although `methods` lists it.
        """
        request = current_request()
        handler: Callable[..., ResponseValue] | None = getattr(self, request.method.lower(), None)
        if handler is None and request.method == "HEAD":
            handler = getattr(self, "get", None)
        if handler is None:
            raise TypeError(
                f"{type(self).__name__} lists {request.method} in methods but has no such method."
            )
        return handler(*args, **kwargs)
