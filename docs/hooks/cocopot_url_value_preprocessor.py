from cocopot import Cocopot, g, hookimpl


class Languages:
    @hookimpl
    def cocopot_url_value_preprocessor(self, view_args):
        if view_args is not None:
            g.language = view_args.pop("language", "en")


app = Cocopot("shop", autoload=False, plugins=[Languages])
app.add_url_rule("/<language>/", "index", lambda: f"in {g.language}")
assert app.test_client().get("/fr/").text == "in fr"
