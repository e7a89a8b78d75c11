import asyncio
import time

from cocopot import Cocopot, hookimpl

seconds = []


class Stopwatch:
    @hookimpl(wrapper=True)
    def cocopot_run_coroutine(self, app, coroutine):
        began = time.perf_counter()
        outcome = yield
        seconds.append(time.perf_counter() - began)
        return outcome


app = Cocopot("shop", autoload=False, plugins=[Stopwatch])


@app.get("/")
async def index():
    await asyncio.sleep(0.01)
    return "Hello"


assert app.test_client().get("/").text == "Hello"
assert len(seconds) == 1
app.close()
