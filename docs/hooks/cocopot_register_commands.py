import click

from cocopot import Cocopot, hookimpl


class Prices:
    @hookimpl
    def cocopot_register_commands(self, app, cli):
        @cli.command("prices")
        def prices():
            click.echo(f"Prices of {app.name}")


app = Cocopot("shop", autoload=False, plugins=[Prices])
assert app.test_cli_runner().invoke(args=["prices"]).output == "Prices of shop\n"
