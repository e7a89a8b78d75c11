from cocopot import Cocopot, hookimpl


class Shop:
    @hookimpl
    def cocopot_startup(self, app):
        if app.config["SECRET_KEY"] is None:
            raise RuntimeError("Set SECRET_KEY")


app = Cocopot("shop", autoload=False, plugins=[Shop])
app.add_url_rule("/", "index", lambda: "Welcome")
try:
    app.test_client().get("/")
except RuntimeError as exc:
    message = str(exc)
assert message == "Set SECRET_KEY"

app.config["SECRET_KEY"] = "secret"
assert app.test_client().get("/").text == "Welcome"
