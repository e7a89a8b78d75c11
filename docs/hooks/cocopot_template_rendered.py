from collections import Counter

from jinja2 import DictLoader, Environment

from cocopot import Cocopot, hookimpl, render_template


class Counting:
    def __init__(self):
        self.rendered = Counter()

    @hookimpl
    def cocopot_template_engine(self, app):
        return Environment(autoescape=True, loader=DictLoader({"index.html": "Hello!"}))

    @hookimpl
    def cocopot_template_rendered(self, template):
        self.rendered[template.name] += 1


counting = Counting()
app = Cocopot("shop", autoload=False, plugins=[counting])
app.add_url_rule("/", "index", lambda: render_template("index.html"))
assert app.test_client().get("/").text == "Hello!"
assert counting.rendered == {"index.html": 1}
