from cocopot import Cocopot, hookimpl


class Cache:
    def __init__(self):
        self.pages = {}

    @hookimpl
    def cocopot_dispatch_request(self, request):
        return self.pages.get(request.path)


cache = Cache()
app = Cocopot("shop", autoload=False, plugins=[cache])
app.add_url_rule("/", "index", lambda: "from the view")
client = app.test_client()
assert client.get("/").text == "from the view"
cache.pages["/"] = "from the cache"
assert client.get("/").text == "from the cache"
