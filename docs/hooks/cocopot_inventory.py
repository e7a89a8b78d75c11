from cocopot import Cocopot, hookimpl


class Tasks:
    plugin_name = "tasks"

    @hookimpl
    def cocopot_inventory(self, app):
        return {"Scheduled tasks": ["clean up every night (plugin tasks)"]}


app = Cocopot("shop", autoload=False, plugins=[Tasks])
with app.app_context():
    found = app.plugins.hook.cocopot_inventory(app=app)
assert found == [{"Scheduled tasks": ["clean up every night (plugin tasks)"]}]
