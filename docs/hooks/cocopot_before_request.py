from cocopot import Cocopot, hookimpl


class Login:
    @hookimpl
    def cocopot_before_request(self, request):
        if "Authorization" not in request.headers:
            return "Who are you?", 401


app = Cocopot("shop", autoload=False, plugins=[Login])
app.add_url_rule("/", "index", lambda: "Welcome")
client = app.test_client()
assert client.get("/").status_code == 401
assert client.get("/nowhere").status_code == 401
assert client.get("/", headers={"Authorization": "Bearer x"}).text == "Welcome"
