from cocopot import Cocopot, hookimpl, session
from cocopot.sessions import Session

opened = []


class TokenSessions:
    @hookimpl
    def cocopot_open_session(self, request):
        opened.append(request.path)
        token = request.headers.get("X-Token")
        return None if token is None else Session({"user": token})


app = Cocopot("shop", autoload=False, plugins=[TokenSessions])
app.add_url_rule("/", "index", lambda: "no session")
app.add_url_rule("/user", "user", lambda: session.get("user", "nobody"))
client = app.test_client()
assert client.get("/").text == "no session"
assert client.get("/user", headers={"X-Token": "ada"}).text == "ada"
assert client.get("/user").text == "nobody"
assert opened == ["/user", "/user"]
