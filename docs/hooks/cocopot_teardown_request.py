from cocopot import Cocopot, g, hookimpl

closed = []


class Connections:
    @hookimpl
    def cocopot_teardown_request(self, exc):
        if "connection" in g:
            closed.append((g.connection, exc))


app = Cocopot("shop", autoload=False, plugins=[Connections])
app.add_url_rule("/", "index", lambda: g.setdefault("connection", "open"))
app.test_client().get("/")
assert closed == [("open", None)]
