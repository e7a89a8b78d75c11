from cocopot import Cocopot, hookimpl, url_for


class Languages:
    @hookimpl
    def cocopot_url_defaults(self, app, endpoint, values):
        if app.router.is_endpoint_expecting(endpoint, "language"):
            values.setdefault("language", "en")


app = Cocopot("shop", autoload=False, plugins=[Languages])
app.add_url_rule("/<language>/", "index", lambda language: language)
with app.test_request_context("/"):
    assert url_for("index") == "/en/"
    assert url_for("index", language="fr") == "/fr/"
