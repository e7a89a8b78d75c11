from cocopot import Cocopot, hookimpl

pool = []


class Pool:
    @hookimpl
    def cocopot_startup(self):
        pool.append("connection")

    @hookimpl
    def cocopot_shutdown(self):
        pool.clear()


app = Cocopot("shop", autoload=False, plugins=[Pool])
app.start()
assert pool == ["connection"]
app.close()
assert pool == []
