from itertools import count

from cocopot import Cocopot, hookimpl, request


class Numbers:
    def __init__(self):
        self.numbers = count(1)

    @hookimpl
    def cocopot_request_started(self, request):
        request.number = next(self.numbers)


app = Cocopot("shop", autoload=False, plugins=[Numbers])
app.add_url_rule("/", "index", lambda: f"request {request.number}")
client = app.test_client()
assert [client.get("/").text for _ in range(2)] == ["request 1", "request 2"]
