from time import perf_counter

from cocopot import Cocopot, hookimpl

lines = []


class AccessLog:
    @hookimpl
    def cocopot_request_started(self, request):
        request.began = perf_counter()

    @hookimpl
    def cocopot_response_closed(self, request, response, exc):
        now = perf_counter()
        # Without a beginning, if an earlier plugin has raised.
        milliseconds = (now - getattr(request, "began", now)) * 1000
        assert milliseconds >= 0
        lines.append((request.path, response.status_code, "complete" if exc is None else "broken off"))


app = Cocopot("shop", autoload=False, plugins=[AccessLog])
app.add_url_rule("/", "index", lambda: iter(["one", "two"]))
client = app.test_client()
assert client.get("/").text == "onetwo"
client.get("/").close()
client.get("/missing")
assert lines == [("/", 200, "complete"), ("/", 200, "broken off"), ("/missing", 404, "complete")]
