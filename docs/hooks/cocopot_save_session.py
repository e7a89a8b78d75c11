from cocopot import Cocopot, hookimpl, request, session
from cocopot.sessions import Session


class UnsignedSessions:
    """For this example only: the client can change it. Sign a cookie, or store a session on the server."""

    @hookimpl
    def cocopot_open_session(self, request):
        return Session({"bird": request.cookies["bird"]} if "bird" in request.cookies else {})

    @hookimpl
    def cocopot_save_session(self, session, response):
        if session.modified:
            response.set_cookie("bird", session["bird"], httponly=True, samesite="Lax")
        return True


app = Cocopot("shop", autoload=False, plugins=[UnsignedSessions])


@app.post("/bird")
def choose():
    session["bird"] = request.form["bird"]
    return "chosen"


app.add_url_rule("/", "index", lambda: session.get("bird", "none"))
client = app.test_client()
response = client.post("/bird", data={"bird": "wren"})
assert (response.headers["Vary"], response.headers["Cache-Control"]) == ("Cookie", "private")
assert client.get("/").text == "wren"
