import logging

from cocopot import Cocopot, hookimpl

reports = []


class Reports:
    @hookimpl
    def cocopot_got_request_exception(self, request, exc):
        reports.append(f"{request.path}: {exc!r}")


app = Cocopot("reported_shop", autoload=False, plugins=[Reports])
app.logger.setLevel(logging.CRITICAL)  # the report is enough here
app.add_url_rule("/", "index", lambda: 1 / 0)
assert app.test_client().get("/").status_code == 500
assert reports == ["/: ZeroDivisionError('division by zero')"]
