"""A token in params, headers or the url's query stays in the kernel: not in the page, the wire to it, file or log."""

from __future__ import annotations

import pytest
from playwright.sync_api import WebSocket

from tests.e2e.calls import SERVER, press, wait_for_state
from tests.e2e.notebook import CellError
from tests.e2e.opening import NotebookOpener

PARTS = ("xyzzy", "plugh", "secret")
"""Put together in the kernel, so that the whole stands in no cell."""

CALL = f"""
import logging
marker = "-".join({PARTS!r})
seen = []

def check(params):
    seen.append(params["token"] == marker)

server.stop()
server = MicdropServer(respond, check_params=check).start()
logging.basicConfig(level=logging.DEBUG, force=True)
for name in ("asyncio", "Comm"):
    logging.getLogger(name).setLevel(logging.INFO)
secrets = dict(params={{"token": marker}}, headers={{"X-Token": marker}})
call = MicdropWidget(f"{{server.url}}/?key={{marker}}", debug_log=True, **secrets)
call
"""

FAIL = """
from micdrop_widget import MicdropError
try:
    await call.start(url=f"ws://user:{marker}@127.0.0.1:9/?key={marker}")
except (MicdropError, ValueError) as error:
    print(error, repr(error))
print(call, repr(call.state), call.get_state())
await call.start(url=f"ws://127.0.0.1:9/?key={marker}")
"""


def test_no_secret_leaves_the_kernel(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, CALL, FAIL])
    traffic: list[str] = []

    def note(payload: str | bytes) -> None:
        traffic.append(payload if isinstance(payload, str) else payload.decode("utf-8", errors="replace"))

    def watch(socket: WebSocket) -> None:
        socket.on("framereceived", note)
        socket.on("framesent", note)

    notebook.page.on("websocket", watch)
    notebook.reload()  # so that its sockets are watched
    notebook.run_cell(0)
    notebook.run_cell(1)
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
    press(notebook, "start")
    wait_for_state(notebook, isStarted=False)
    with pytest.raises(CellError, match="refused the connection"):  # with its traceback in the notebook
        notebook.run_cell(2)
    assert notebook.kernel.eval("seen") == [True]
    notebook.save()
    marker = "-".join(PARTS)
    assert any("isStarted" in message for message in traffic)
    assert not any(marker in message for message in traffic)
    assert marker not in (notebook.lab.root / notebook.path).read_text()
    assert marker not in notebook.lab.log.read_text(errors="replace")
