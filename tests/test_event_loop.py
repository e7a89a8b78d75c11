"""The event loop of a process: who uses it, and how it begins and ends."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from cocopot import Cocopot, Response, event_loop, hookimpl, request, stream_with_context
from cocopot.event_loop import end, release
from cocopot.exceptions import ServiceUnavailable
from tests.processes import run_script

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from _typeshed import TraceFunction


def make_app(name: str = "birds") -> Cocopot:
    """Return an application with one view, which returns the identity of the event loop."""
    app = Cocopot(name, autoload=False)
    app.testing = True

    @app.get("/")
    async def index() -> str:
        return str(id(asyncio.get_running_loop()))

    return app


@pytest.fixture
def app() -> Iterator[Cocopot]:
    end()  # that of applications which other tests have not closed
    app = make_app()
    yield app
    app.close()


def test_one_for_all(app: Cocopot) -> None:
    """All requests of all threads and applications run in one event loop."""
    other = make_app("other")

    def ask(number: int) -> str:
        return (app if number % 2 else other).test_client().get("/").text

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(20)))) == 1
    other.close()
    assert ask(1) == ask(3)


def test_a_connection_lives_on(app: Cocopot) -> None:
    """A connection that one request has opened is used by the others, from whichever thread."""
    streams: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    lock, is_closed = asyncio.Lock(), asyncio.Event()

    @app.on_startup
    async def connect() -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.readline():
                writer.write(line)
            writer.close()
            await writer.wait_closed()
            is_closed.set()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        app.extensions["server"] = server
        streams.append(await asyncio.open_connection(*server.sockets[0].getsockname()))

    @app.on_shutdown
    async def disconnect() -> None:
        streams[0][1].close()
        await streams[0][1].wait_closed()
        await is_closed.wait()
        app.extensions["server"].close()

    @app.get("/echo/<word>")
    async def echo(word: str) -> bytes:
        async with lock:
            streams[0][1].write(f"{word}\n".encode())
            return await streams[0][0].readline()

    def ask(number: int) -> str:
        return app.test_client().get(f"/echo/{number}").text

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(200))) == [f"{number}\n" for number in range(200)]


def test_tasks_of_a_closed_application(app: Cocopot) -> None:
    """`app.close()` cancels what the application has started, and nothing of another one."""
    other, ends = make_app("other"), []
    tasks = set()

    async def wait(name: str) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            ends.append(name)

    async def start() -> str:
        tasks.add(asyncio.create_task(wait(request.host)))
        await asyncio.sleep(0)
        return "started"

    for each in (app, other):
        each.add_url_rule("/start", "start", start)
        each.test_client().get("/start", base_url=f"http://{each.name}")
    app.close()
    assert ends == ["birds"]
    other.close()
    assert ends == ["birds", "other"]
    assert "cocopot-event-loop" not in {thread.name for thread in threading.enumerate()}


def test_a_request_in_flight(app: Cocopot) -> None:
    """A request that waits for a coroutine when the application is closed is a 503; later ones are served."""
    begun, ends = threading.Event(), []
    app.testing = False
    app.teardown_request(lambda exc: ends.append(request.path))

    @app.get("/slow")
    async def slow() -> str:
        begun.set()
        await asyncio.sleep(3600)
        return "never"

    with ThreadPoolExecutor() as pool:
        answer = pool.submit(app.test_client().get, "/slow")
        assert begun.wait(20)
        app.close()
        assert answer.result(20).status_code == 503
    assert ends == ["/slow"]
    assert app.test_client().get("/").status_code == 200


def test_an_application_that_goes_on(app: Cocopot) -> None:
    """A request that is cancelled is a 503 also if the next one starts the application before it is."""
    begun, answered = threading.Event(), threading.Event()
    app.testing = False
    other = make_app("other")
    assert other.test_client().get("/").status_code == 200  # keeps the event loop

    @app.get("/slow")
    async def slow() -> str:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.to_thread(answered.wait, 20)
        return "never"

    with ThreadPoolExecutor() as pool:
        answer = pool.submit(app.test_client().get, "/slow")
        assert begun.wait(20)
        closing = pool.submit(app.close)
        while app.started:
            time.sleep(0.001)
        release(app)
        ask = pool.submit(app.test_client().get, "/")
        answered.set()
        assert (answer.result(20).status_code, ask.result(20).status_code) == (503, 200)
        closing.result(20)
    other.close()


def test_a_stream_whose_end_takes_time(app: Cocopot) -> None:
    """A stream that is asked for its next item while it is being cancelled raises a 503."""
    is_ending, may_end = threading.Event(), threading.Event()

    async def stream() -> AsyncIterator[str]:
        try:
            while True:
                yield "item"
                await asyncio.sleep(0.001)
        finally:
            is_ending.set()
            await asyncio.to_thread(may_end.wait, 20)

    app.add_url_rule("/stream", "stream", lambda: Response(stream_with_context(stream())))
    other = make_app("other")
    assert other.test_client().get("/").status_code == 200  # keeps the event loop
    response = app.test_client().get("/stream")
    items = response.iter_encoded()
    assert next(items) == b"item"
    with ThreadPoolExecutor() as pool:
        closing = pool.submit(app.close)
        with pytest.raises(ServiceUnavailable):  # noqa: PT012 - whichever item is the first after it
            for _ in items:
                is_ending.wait(0.01)
        may_end.set()
        closing.result(20)
    other.close()


@pytest.mark.slow
def test_a_coroutine_that_ignores_its_cancellation(app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
    """Its request is a 503 when the event loop ends without it; the thread does not wait for ever."""
    begun = threading.Event()
    app.testing = False

    @app.get("/stubborn")
    async def stubborn() -> str:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        await asyncio.sleep(3600)
        return "never"

    with ThreadPoolExecutor() as pool:
        answer = pool.submit(app.test_client().get, "/stubborn")
        assert begun.wait(20)
        app.close()
        assert answer.result(20).status_code == 503
    assert "goes on after its cancellation" in caplog.text


class TestAfterTheEnd:
    @pytest.mark.parametrize("place", ["hook", "teardown", "function"])
    def test_a_response_that_was_open(self, app: Cocopot, place: str) -> None:
        """What it still runs in the event loop is run, and does not leave one."""
        calls: list[str] = []

        async def note(*_: object) -> None:
            await asyncio.sleep(0)
            calls.append(place)

        if place == "hook":
            app.plugins.register(ClosedHook(app.ensure_sync(note)), "closed")
        elif place == "teardown":
            app.teardown_request(note)
        app.add_url_rule("/stream", "stream", lambda: Response(stream_with_context(iter(("item",)))))
        assert app.test_client().get("/").status_code == 200
        response = app.test_client().get("/stream")
        app.close()
        calls.clear()
        if place == "function":
            with app.app_context():
                app.ensure_sync(note)()
        assert response.get_data() == b"item"
        response.close()
        assert calls == [place]
        assert "cocopot-event-loop" not in {thread.name for thread in threading.enumerate()}

    def test_a_stream_that_was_open(self, app: Cocopot) -> None:
        """Its next item is a 503, and does not leave an event loop."""

        async def stream() -> AsyncIterator[str]:
            for number in range(9):
                yield f"item {number} "

        app.add_url_rule("/stream", "stream", lambda: Response(stream_with_context(stream())))
        response = app.test_client().get("/stream")
        app.close()
        with pytest.raises(ServiceUnavailable):
            response.get_data()
        assert "cocopot-event-loop" not in {thread.name for thread in threading.enumerate()}

    def test_an_application_that_was_not_started(self, app: Cocopot) -> None:
        """Closing it ends the event loop that a coroutine in its context has used."""

        async def identity() -> int:
            return id(asyncio.get_running_loop())

        with app.app_context():
            run = app.ensure_sync(identity)
            assert run() == run()
        app.close()
        assert "cocopot-event-loop" not in {thread.name for thread in threading.enumerate()}

    def test_the_start_after_it(self, app: Cocopot) -> None:
        """An application that is started again has one event loop, from its startup hooks on."""
        loops: list[str] = []

        @app.on_startup
        async def start() -> None:
            loops.append(str(id(asyncio.get_running_loop())))

        for _ in range(2):
            assert app.test_client().get("/").text == loops[-1]
            app.close()
        assert len(loops) == 2


class ClosedHook:
    """Calls a function when a response is closed."""

    def __init__(self, function: Callable[[], object]) -> None:
        self.function = function

    @hookimpl
    def cocopot_response_closed(self) -> None:
        self.function()


def test_a_cancellation_of_its_own(app: Cocopot) -> None:
    """A view that lets a cancellation through is an error of the application, not the end of a thread."""

    @app.get("/cancelled")
    async def cancelled() -> str:
        task = asyncio.create_task(asyncio.sleep(3600))
        task.cancel()
        await task
        return "never"

    with pytest.raises(RuntimeError, match=r"raised asyncio\.CancelledError"):
        app.test_client().get("/cancelled")


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "SystemExit"])
def test_a_task_that_raises_an_interrupt(app: Cocopot, error: str, caplog: pytest.LogCaptureFixture) -> None:
    """An interrupt of a task that no request waits for is logged; the event loop goes on."""

    async def fail() -> None:
        raise {"KeyboardInterrupt": KeyboardInterrupt, "SystemExit": SystemExit}[error]

    @app.get("/start")
    async def start() -> str:
        task = asyncio.create_task(fail())
        await asyncio.sleep(0.01)
        return repr(task.exception())

    assert app.test_client().get("/start").text.startswith(error)
    assert f"A task raised {error}" in caplog.text.replace("()", "")
    assert app.test_client().get("/").status_code == 200


SCRIPT = """
import asyncio, os, signal, sys, threading
from cocopot import Cocopot
app = Cocopot("birds", autoload=False)
client = app.test_client()

@app.get("/")
async def index():
    return "index"

@app.teardown_request
def teardown(exc):
    print("teardown", type(exc).__name__, flush=True)
"""


@pytest.mark.slow
def test_plain_applications(tmp_path: Path) -> None:
    """Without coroutine functions neither asyncio is imported nor a thread started."""
    text = SCRIPT.replace("import asyncio, ", "import ").replace("async def", "def")
    check = "client.get('/'); app.close()\nprint('asyncio' in sys.modules, threading.active_count())"
    assert run_script(tmp_path / "script.py", text + check).stdout.split()[-2:] == ["False", "1"]


@pytest.mark.slow
def test_the_end_of_the_process(tmp_path: Path) -> None:
    """Tasks and asynchronous generators end with the process, after `on_shutdown`; nothing is reported."""
    process = run_script(
        tmp_path / "script.py",
        SCRIPT
        + """
@app.on_shutdown
async def stop():
    print("shutdown", flush=True)

async def generate():
    try:
        yield 1
    finally:
        print("generator", flush=True)

async def wait():
    try:
        await asyncio.sleep(3600)
    finally:
        print("task", flush=True)

@app.get("/start")
async def start():
    app.extensions.update(task=asyncio.create_task(wait()), generator=generate())
    await anext(app.extensions["generator"])
    return "started"

client.get("/start")
""",
        PYTHONDEVMODE="1",
    )
    assert process.stdout.split() == ["teardown", "NoneType", "shutdown", "task", "generator"]
    assert process.stderr == ""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_fork(tmp_path: Path) -> None:
    """The child of a fork starts its own event loop; that of the parent is not changed."""
    process = run_script(
        tmp_path / "script.py",
        SCRIPT
        + """
assert client.get("/").text == "index"
child = os.fork()
assert client.get("/").text == "index"
app.close()
if child:
    print(os.waitpid(child, 0)[1], flush=True)
""",
        PYTHONWARNINGS="ignore",  # Python 3.12 warns of any fork of a process with threads
    )
    assert process.stdout.split()[-1] == "0"
    assert process.stderr == ""


@pytest.mark.slow
def test_an_interrupt_at_each_call(app: Cocopot) -> None:
    """Wherever an exception arrives in the thread of the request, the coroutine does not go on."""
    steps: list[str] = []

    async def wait() -> str:
        steps.append("begun")
        await asyncio.sleep(0.05)
        steps.append("ended")
        return "ended"

    def run_interrupted(number: int) -> str:
        calls = iter(range(number))

        def trace(frame: FrameType, event: str, _: object) -> TraceFunction | None:
            if frame.f_code.co_filename != event_loop.__file__:
                return None
            if event in {"call", "return"} and next(calls, None) is None:
                sys.settrace(tracer)
                steps.append("interrupted")
                raise KeyboardInterrupt
            return trace

        coroutine = wait()
        sys.settrace(trace)
        try:
            return event_loop.run(app, coroutine)
        finally:
            sys.settrace(tracer)
            event_loop.run(app, asyncio.sleep(0))
            if "begun" not in steps:
                coroutine.close()

    tracer = sys.gettrace()  # that of coverage
    event_loop.run(app, wait())  # starts the event loop
    runs: list[list[str]] = []
    while "interrupted" in steps or not runs:
        runs.append(steps := [])
        with suppress(KeyboardInterrupt):
            run_interrupted(len(runs) - 1)
        time.sleep(0.1)
    assert len(runs) > 5
    assert [run for run in runs if run[-1] == "ended"] == [["begun", "ended"]]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no alarm")
def test_an_interrupt_of_the_request(tmp_path: Path) -> None:
    """An exception in the thread of the request, as when a worker is aborted, cancels the coroutine."""
    process = run_script(
        tmp_path / "script.py",
        SCRIPT
        + """
@app.get("/slow")
async def slow():
    os.kill(os.getpid(), signal.SIGINT)
    try:
        await asyncio.sleep(3600)
    finally:
        await asyncio.sleep(0)
        print("cancelled", flush=True)

try:
    client.get("/slow")
except KeyboardInterrupt:
    print("interrupted", flush=True)
""",
    )
    assert process.stdout.split() == ["cancelled", "teardown", "KeyboardInterrupt", "interrupted"]
    assert process.stderr == ""
