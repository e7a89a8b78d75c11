from dataclasses import asdict, dataclass, is_dataclass

from cocopot import Cocopot, hookimpl


@dataclass
class Item:
    name: str
    price: int


class Dataclasses:
    @hookimpl
    def cocopot_make_response(self, app, value):
        if is_dataclass(value):
            return app.json.response(asdict(value))


app = Cocopot("shop", autoload=False, plugins=[Dataclasses])
app.add_url_rule("/apple", "apple", lambda: Item("apple", 1))
assert app.test_client().get("/apple").json == {"name": "apple", "price": 1}
