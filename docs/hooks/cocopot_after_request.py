from cocopot import Cocopot, hookimpl


class Sniffing:
    @hookimpl
    def cocopot_after_request(self, response):
        response.headers.setdefault("X-Content-Type-Options", "nosniff")


app = Cocopot("shop", autoload=False, plugins=[Sniffing])
assert app.test_client().get("/nowhere").headers["X-Content-Type-Options"] == "nosniff"
