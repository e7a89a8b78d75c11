from jinja2 import Environment

from cocopot import Cocopot, hookimpl, render_template_string, request


class Languages:
    @hookimpl
    def cocopot_template_engine(self, app):
        return Environment(autoescape=True)

    @hookimpl
    def cocopot_template_context(self):
        return {"language": request.accept_languages.best_match(["de", "en"])}


app = Cocopot("shop", autoload=False, plugins=[Languages])
app.add_url_rule("/", "index", lambda: render_template_string('<html lang="{{ language }}">'))
response = app.test_client().get("/", headers={"Accept-Language": "de"})
assert response.text == '<html lang="de">'
