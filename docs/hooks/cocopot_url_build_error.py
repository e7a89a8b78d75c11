from cocopot import Cocopot, hookimpl, url_for


class Manual:
    @hookimpl
    def cocopot_url_build_error(self, endpoint):
        if endpoint.startswith("manual."):
            return f"https://manual.example/{endpoint.removeprefix('manual.')}"


app = Cocopot("shop", autoload=False, plugins=[Manual])
with app.test_request_context("/"):
    assert url_for("manual.prices") == "https://manual.example/prices"
