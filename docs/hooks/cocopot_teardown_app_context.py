from cocopot import Cocopot, hookimpl

ended = []


class Endings:
    @hookimpl
    def cocopot_teardown_app_context(self, exc):
        ended.append(exc)


app = Cocopot("shop", autoload=False, plugins=[Endings])
with app.app_context():
    assert ended == []
assert ended == [None]
