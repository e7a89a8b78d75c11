from jinja2 import Environment

from cocopot import Cocopot, hookimpl, render_template_string


class SmallJinja:
    @hookimpl
    def cocopot_template_engine(self, app):
        return Environment(autoescape=True)


app = Cocopot("shop", autoload=False, plugins=[SmallJinja])
app.add_url_rule("/<bird>", "show", lambda bird: render_template_string("Hello, {{ bird }}!", bird=bird))
assert app.test_client().get("/<wren>").text == "Hello, &lt;wren&gt;!"
