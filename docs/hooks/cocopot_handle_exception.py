from cocopot import Cocopot, hookimpl
from cocopot.exceptions import HTTPException


class Problems:
    @hookimpl
    def cocopot_handle_exception(self, exc):
        if isinstance(exc, HTTPException):
            return {"title": exc.name}, exc.code


app = Cocopot("shop", autoload=False, plugins=[Problems])
assert app.test_client().get("/nowhere").json == {"title": "Not Found"}

app.error_handler_spec[None][404] = lambda exc: ("Nothing here", 404)
assert app.test_client().get("/nowhere").text == "Nothing here"
