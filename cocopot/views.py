"""Class-based views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from cocopot.context import current_request_context

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cocopot.types import ResponseValue
    from cocopot.types import View as ViewFunction

HTTP_METHODS = frozenset({"get", "post", "head", "options", "delete", "put", "trace", "patch"})


class View:
    """A view as a class: subclass it and write `dispatch_request`.

    Example:
        ```python
        class Hello(View):
            def dispatch_request(self, name):
                return f"Hello, {name}!"

        app.add_url_rule("/hello/<name>", view_func=Hello.as_view("hello"))
        ```
    """

    #: Methods that the view answers; by default GET, and for a `MethodView` those that it defines.
    methods: ClassVar[Collection[str] | None] = None
    #: Whether OPTIONS is answered automatically; by default if the view does not answer it itself.
    provide_automatic_options: ClassVar[bool | None] = None
    #: Decorators for the view function, innermost first.
    decorators: ClassVar[list[Callable[..., Any]]] = []
    #: Whether each request gets an instance of its own; otherwise `self` is shared, and so are its
    #: attributes.
    init_every_request: ClassVar[bool] = True

    def dispatch_request(self, *args: Any, **kwargs: Any) -> ResponseValue:
        """Answer a request; to be written by subclasses, with parameters of their own.

        Args:
            args: None; it is here so that subclasses may have any parameters.
            kwargs: The values that the URL gave.
        """
        raise NotImplementedError(f"{type(self).__name__} has no dispatch_request().")

    @classmethod
    def as_view(cls, name: str, *class_args: Any, **class_kwargs: Any) -> ViewFunction:
        """Return a view function.

        Args:
            name: The name of the function, and so by default of the endpoint.
            class_args: Passed to the class for each instance.
            class_kwargs: Passed to the class for each instance.
        """
        if cls.init_every_request:

            def view(**kwargs: Any) -> ResponseValue:
                return cls(*class_args, **class_kwargs).dispatch_request(**kwargs)

        else:
            instance = cls(*class_args, **class_kwargs)

            def view(**kwargs: Any) -> ResponseValue:
                return instance.dispatch_request(**kwargs)

        function: Any = _named(view, name, cls)
        for decorator in cls.decorators:
            function = _named(decorator(function), name, cls)
        function.view_class = cls
        function.methods = cls.methods
        function.provide_automatic_options = cls.provide_automatic_options
        return function  # type: ignore[no-any-return]


def _named(function: Any, name: str, cls: type[View]) -> Any:
    function.__name__ = name
    function.__module__ = cls.__module__
    function.__doc__ = cls.__doc__
    return function


class MethodView(View):
    """A view as a class with a method for each HTTP method: `get`, `post` and so on.

    HEAD is answered by `get` unless there is a `head`.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "methods" not in cls.__dict__:
            methods = {name.upper() for name in HTTP_METHODS if hasattr(cls, name)}
            for base in cls.__bases__:
                methods.update(getattr(base, "methods", None) or ())
            if methods:
                cls.methods = methods

    def dispatch_request(self, *args: Any, **kwargs: Any) -> ResponseValue:
        """Call the method that is named like the request's.

        Raises:
            TypeError: If there is none, although the rule lets it through.
        """
        request: Any = current_request_context().request
        handler = getattr(self, request.method.lower(), None)
        if handler is None and request.method == "HEAD":
            handler = getattr(self, "get", None)
        if handler is None:
            raise TypeError(
                f"{type(self).__name__} lists {request.method} in methods but has no such method."
            )
        return handler(*args, **kwargs)  # type: ignore[no-any-return]
