from cocopot import Cocopot, flash, hookimpl
from cocopot.sessions import Session

recorded = []


class Recorded:
    @hookimpl
    def cocopot_open_session(self):
        return Session()

    @hookimpl
    def cocopot_message_flashed(self, message, category):
        recorded.append((category, message))


app = Cocopot("shop", autoload=False, plugins=[Recorded])
with app.test_request_context("/"):
    flash("The disk is nearly full.", "warning")
assert recorded == [("warning", "The disk is nearly full.")]
