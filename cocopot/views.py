"""Class-based views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from cocopot.context import current, current_request
from cocopot.coroutines import may_return_coroutine
from cocopot.functions import check_function

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from cocopot.types import View as ViewFunction
    from cocopot.types import ViewResult

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

    def dispatch_request(self, *args: Any, **kwargs: Any) -> ViewResult:
        """Return the response value for a request; subclasses define it, with parameters of their own.

        It may be a coroutine function.

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
        if may_return_coroutine(cls.dispatch_request):
            view = cls._coroutine_view(class_args, class_kwargs)

        elif cls.init_every_request:

            def view(**kwargs: object) -> ViewResult:
                cls = function.view_class  # type: ignore[attr-defined]  # which a test may replace
                return cls(*class_args, **class_kwargs).dispatch_request(**kwargs)  # type: ignore[no-any-return]

        else:
            instance = cls(*class_args, **class_kwargs)

            def view(**kwargs: object) -> ViewResult:
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
    def _coroutine_view(
        cls, class_args: tuple[object, ...], class_kwargs: Mapping[str, object]
    ) -> Callable[..., ViewResult]:
        """Return the view function of a class whose `dispatch_request` is a coroutine function."""
        shared = None if cls.init_every_request else cls(*class_args, **class_kwargs)

        def view(**kwargs: object) -> ViewResult:
            instance = shared or cls(*class_args, **class_kwargs)
            return current().app.ensure_sync(instance.dispatch_request)(**kwargs)

        return view

    @classmethod
    def _check_methods(cls) -> None:
        """Reject a method that cannot be called, unless a decorator of the class may replace the view."""
        for name in ("dispatch_request", *sorted(HTTP_METHODS)):
            if not cls.decorators and hasattr(cls, name):
                usage, method = f"{cls.__name__}.as_view()", getattr(cls, name)
                check_function(usage, method, may_yield=True, may_await=True)


def _set_attributes(function: ViewFunction, attributes: Mapping[str, object]) -> None:
    for name, value in attributes.items():
        setattr(function, name, value)


class MethodView(View):
    """Base class of views with one method per HTTP method: `get`, `post` and so on.

    A HEAD request calls `get`, unless the class defines `head`. Each method may be a coroutine function.
    """

    _coroutine_methods: ClassVar[Collection[str]] = frozenset()

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls._coroutine_methods = {
            name for name in HTTP_METHODS if may_return_coroutine(getattr(cls, name, None))
        }
        if "methods" not in cls.__dict__:
            methods = {name.upper() for name in HTTP_METHODS if hasattr(cls, name)}
            for base in cls.__bases__:
                methods.update(getattr(base, "methods", None) or ())
            if methods:
                cls.methods = methods

    def dispatch_request(self, *args: Any, **kwargs: Any) -> ViewResult:
        """Call the method that is named after the HTTP method of the request.

        Raises:
            TypeError: If the class does not define it, although `methods` lists it.
        """
        request = current_request()
        name = request.method.lower()
        handler: Callable[..., ViewResult] | None = getattr(self, name, None)
        if handler is None and name == "head":
            name = "get"
            handler = getattr(self, name, None)
        if handler is None:
            raise TypeError(
                f"{type(self).__name__} lists {request.method} in methods but has no such method."
            )
        if name in self._coroutine_methods:
            handler = current().app.ensure_sync(handler)
        return handler(*args, **kwargs)
