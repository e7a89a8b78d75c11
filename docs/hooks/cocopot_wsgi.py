from werkzeug.middleware.proxy_fix import ProxyFix

from cocopot import Cocopot, hookimpl, request


class Proxies:
    @hookimpl
    def cocopot_config_defaults(self):
        return {"PROXIES_NUMBER": 0}

    @hookimpl
    def cocopot_wsgi(self, app, wsgi):
        number = app.config["PROXIES_NUMBER"]
        return ProxyFix(wsgi, x_for=number, x_proto=number) if number else None


app = Cocopot("shop", autoload=False, plugins=[Proxies])
app.config["PROXIES_NUMBER"] = 1
app.add_url_rule("/", "index", lambda: f"{request.remote_addr} {request.scheme}")
headers = {"X-Forwarded-For": "10.0.0.7", "X-Forwarded-Proto": "https"}
assert app.test_client().get("/", headers=headers).text == "10.0.0.7 https"
