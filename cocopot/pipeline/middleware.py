"""What plugins put around the WSGI application: `cocopot_wsgi`.

Each plugin's part is a layer, which the next one outside of it calls. A layer can be exchanged while
requests are served, so that a plugin that is registered or unregistered late costs the others no second call
of their hooks. An application around which no plugin puts anything is called without a layer.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import GeneratorType
from typing import TYPE_CHECKING, Any, cast

import pluggy
from werkzeug.wsgi import ClosingIterator, FileWrapper

from cocopot.exceptions import add_blame
from cocopot.hooks.wrappers import is_wrapper
from cocopot.pipeline.closing import ObservedBody
from cocopot.pipeline.sending import start_or_time_out
from cocopot.speedups import streams
from cocopot.wsgi import ResponseBody

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from cocopot.app import Cocopot
    from cocopot.hooks import PluginManager
    from cocopot.hooks.records import PluginRecord
    from cocopot.types import StartResponse, WSGIApplication, WSGIEnvironment

HOOK = "cocopot_wsgi"


class Layer:
    """A plugin's part of the WSGI application, or innermost the application itself.

    Args:
        manager: The plugin manager.
        target: What is called: a plugin's WSGI callable, which calls the layer `inner`, or the application.
        impl: The implementation that has returned `target`; `None` for the application.
        inner: The layer inside of this one; `None` for the application.
    """

    __slots__ = ("_manager", "impl", "inner", "target")

    def __init__(
        self,
        manager: PluginManager,
        target: WSGIApplication,
        impl: pluggy.HookImpl | None = None,
        inner: Layer | None = None,
    ) -> None:
        self._manager = manager
        self.target = target
        self.impl = impl
        self.inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            body = self.target(environ, start_response)
        except BaseException as error:
            self.blame(error)
            raise
        # What middleware does in a generator function happens while the body is read.
        return LayerBody(self, body) if type(body) is GeneratorType else body

    def blame(self, error: BaseException) -> None:
        """Note on an exception which plugin's part raised it, unless it came from further inside."""
        if self.impl is None or _has_passed_a_layer(error):
            return
        if (blame := self._manager.culprit(self.impl, HOOK)) is not None:
            add_blame(error, blame)

    def move(self) -> Layer:
        """Return a layer in place of this one, which is about to get another content."""
        return Layer(self._manager, self.target, self.impl, self.inner)


class LayerBody(Iterator[bytes]):
    """A generator that a layer has returned as a body.

    Args:
        layer: The layer.
        body: The generator.
    """

    def __init__(self, layer: Layer, body: Generator[bytes]) -> None:
        self._layer = layer
        self._body = body

    def __next__(self) -> bytes:
        try:
            return next(self._body)
        except StopIteration:
            raise
        except BaseException as error:
            self._layer.blame(error)
            raise

    def close(self) -> None:
        """Close the generator."""
        try:
            self._body.close()
        except BaseException as error:
            self._layer.blame(error)
            raise


#: The frames of layers, and of the bodies that layers get from inside.
_CODES = {
    function.__code__
    for function in (
        Layer.__call__,
        LayerBody.__next__,
        LayerBody.close,
        ObservedBody.__next__,
        ObservedBody.close,
        ClosingIterator.__next__,
        ClosingIterator.close,
        FileWrapper.__next__,
        ResponseBody.__next__,
        streams.encoded,
        streams.raise_from_inside,
    )
}


def _has_passed_a_layer(error: BaseException) -> bool:
    """Return whether an exception came from inside of the layer that it leaves, from its traceback."""
    # Not `error.__traceback__`, which may be a property of its class. The first frame is the layer's own.
    traceback = BaseException.__getattribute__(error, "__traceback__")
    while traceback is not None and (traceback := traceback.tb_next) is not None:
        if traceback.tb_frame.f_code in _CODES:
            return True
    return False


class Middleware:
    """The layers of an application, from its start to its end.

    Args:
        app: The application.
        call: What calls it as a WSGI application: it is passed what the application is to call from now on,
            `None` for `app.wsgi_app`.
    """

    def __init__(self, app: Cocopot, call: Callable[[WSGIApplication | None], object]) -> None:
        self._app = app
        self._publish = call
        # Innermost first; empty before the start.
        self._layers: list[Layer] = []
        self.reset()

    def reset(self) -> None:
        """Forget the layers: the next request starts the application."""
        self._layers = []
        self._publish(self._start_and_call)

    def _start_and_call(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self._app.started and (unavailable := start_or_time_out(self._app)) is not None:
            return unavailable(environ, start_response)
        outermost = self._layers[-1] if self._layers else self._call_app
        return outermost(environ, start_response)

    def _call_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._app.wsgi_app(environ, start_response)

    def compose(self) -> None:
        """Call the hook, and let the application be called through what it has returned.

        Raises:
            TypeError: A plugin has returned what cannot be called.
        """
        manager = self._app.plugins
        layers = [Layer(manager, self._call_app)]
        if impls := manager.call_order(HOOK):
            layers = self._wrapped(impls, layers[0])
        with manager.locked():
            self._layers = layers
            for plugin in [layer.impl.plugin for layer in layers if layer.impl is not None]:
                if not manager.is_registered(plugin):  # unregistered in the meantime
                    self.remove(plugin)
            self._update()

    def insert(self, record: PluginRecord) -> None:
        """Put the part of a plugin that is registered late at its place in the order of the hook.

        Args:
            record: The plugin.
        """
        if not self._layers:
            return
        manager = self._app.plugins
        order = manager.call_order(HOOK)
        for impl in order:
            if impl.plugin is record.plugin:
                self._insert(impl, order)
        self._update()

    def _insert(self, impl: pluggy.HookImpl, order: Sequence[pluggy.HookImpl]) -> None:
        ranks = {id(other): rank for rank, other in enumerate(order) if not is_wrapper(other)}
        rank = ranks.get(id(impl), len(order))
        position = sum(ranks.get(id(layer.impl), len(order)) <= rank for layer in self._layers[1:])
        place = self._layers[position]
        inner = place.move()
        *_, outer = self._wrapped([impl], inner)
        if outer is not inner:
            # What is outside calls the object `place`.
            place.impl, place.inner, place.target = outer.impl, inner, outer.target
            self._layers[position : position + 1] = [inner, place]

    def remove(self, plugin: object) -> None:
        """Remove the part of a plugin.

        Args:
            plugin: The plugin, which has been unregistered.
        """
        for layer in self._layers[:0:-1]:
            if layer.impl is not None and layer.impl.plugin is plugin and layer.inner is not None:
                self._layers.remove(layer)
                layer.impl, layer.target = None, layer.inner  # for what is outside of it
        if self._layers:
            self._update()

    def _update(self) -> None:
        self._publish(self._layers[-1] if len(self._layers) > 1 else None)

    def _wrapped(self, impls: Sequence[pluggy.HookImpl], inner: Layer) -> list[Layer]:
        """Return a layer, and those that implementations of the hook put around it."""
        manager, layers = self._app.plugins, [inner]

        def tracked(impl: pluggy.HookImpl) -> pluggy.HookImpl:
            function: Callable[..., Any] = impl.function

            @functools.wraps(function)
            def call(*args: object, **kwargs: object) -> object:
                result = function(*args, **kwargs)
                if not callable(result) or result is layers[-1]:
                    return result
                layers.append(Layer(manager, cast("WSGIApplication", result), impl, layers[-1]))
                return layers[-1]

            return pluggy.HookImpl(impl.plugin, impl.plugin_name, call, impl.opts)

        wrappers = [impl for impl in impls if is_wrapper(impl)]
        plain = [tracked(impl) for impl in impls if not is_wrapper(impl)]
        outer: Any = manager.call_implementations(HOOK, [*wrappers, *plain], app=self._app, wsgi=inner)
        if outer is not layers[-1]:  # replaced by a wrapper
            layers.append(Layer(manager, outer, wrappers[0] if len(wrappers) == 1 else None, layers[-1]))
        return layers
