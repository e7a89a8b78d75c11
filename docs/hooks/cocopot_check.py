from click.testing import CliRunner

from cocopot import Cocopot, hookimpl
from cocopot.cli import AppLoader, Finding, main


class Mail:
    plugin_name = "mail"

    @hookimpl
    def cocopot_config_defaults(self):
        return {"MAIL_HOST": "localhost"}

    @hookimpl
    def cocopot_check(self, app):
        if app.config["MAIL_HOST"] == "localhost":
            return [Finding("warning", "production", "Mail is sent to this machine.", "Set MAIL_HOST.")]


app = Cocopot("shop", autoload=False, plugins=[Mail])
result = CliRunner().invoke(main, ["check"], obj=AppLoader(create_app=lambda: app))
assert "warning: Mail is sent to this machine." in result.output
