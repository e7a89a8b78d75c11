from cocopot import Cocopot, g, hookimpl


class Prices:
    @hookimpl
    def cocopot_shell_context(self):
        return {"apple": 1, "pear": 2}


app = Cocopot("shop", autoload=False, plugins=[Prices])
app.shell_context_processor(lambda: {"pear": 3})
assert app.make_shell_context() == {"app": app, "g": g, "apple": 1, "pear": 3}
