from cocopot import Cocopot, hookimpl
from cocopot.json import DefaultJSONProvider


class SetsAsLists(DefaultJSONProvider):
    def default(self, o):
        return sorted(o) if isinstance(o, set) else super().default(o)


class Sets:
    @hookimpl
    def cocopot_json_provider(self, app):
        return SetsAsLists(app)


app = Cocopot("shop", autoload=False, plugins=[Sets])
app.add_url_rule("/", "index", lambda: {"sizes": {3, 1, 2}})
assert app.test_client().get("/").json == {"sizes": [1, 2, 3]}
