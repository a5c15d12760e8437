"""The addon for plain mitmproxy: ``mitmdump -s "$(wsreplay record --addon)"``.

It records through the documented hooks, beside whatever other addons there are, and sees less than
``wsreplay record``: :data:`BLIND` lists what, and stands in the capture's metadata. With ``--set websocket=false`` the
tap itself records, and sees all; then no other addon sees WebSocket messages.
"""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader
from mitmproxy.websocket import WebSocketMessage

from wsreplay.captures.errors import UserError
from wsreplay.captures.frame_writer import close_payload, frame
from wsreplay.captures.wire import What
from wsreplay.proxy.keeping import Keeping
from wsreplay.proxy.plan import RecordingPlan
from wsreplay.proxy.tap import Tap

logger = logging.getLogger(__name__)

BLIND = (
    "ping and pong frames",
    "how messages were fragmented and compressed, and their size on the wire",
    "the time a message spent in the proxy",
    "how a line ended (reset or plain end), and data after a close frame",
)
"""What mitmproxy's WebSocket hooks do not show."""


class WebSocketHooks(Tap):
    """A tap that also records what mitmproxy shows as messages, framed anew."""

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """A whole message has passed."""
        if flow.websocket is not None:
            message = flow.websocket.messages[-1]
            self._frame(flow, message.from_client, _frame_of(message), message.timestamp)

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        """The connection has ended; which side began is known, how is not."""
        if flow.websocket is None:
            return
        code = flow.websocket.close_code
        by_client = bool(flow.websocket.closed_by_client)
        if code is not None and code not in (1005, 1006):
            self._frame(
                flow,
                by_client,
                frame(0x8, close_payload(code, flow.websocket.close_reason), masked=by_client),
                time.time(),
            )
        self._end_by_hook(flow.client_conn, venue_first=not by_client)

    def _frame(self, flow: http.HTTPFlow, from_client: bool, frame: bytes, at: float) -> None:
        self._note(
            What.DATA,
            not from_client,
            self._conn(flow.client_conn),
            int(at * 1e6) * 1000,
            time.monotonic_ns(),
            0,
            frame,
        )


class Recorder:
    """What mitmproxy loads: options, a tap, and a scribe behind it."""

    def __init__(self) -> None:
        # The tap is there from the first connection on, which may come before all of mitmproxy is up: until the scribe
        # runs, what is noted waits in the hand-over.
        self._keeping = Keeping(logger.warning)
        self._tap = WebSocketHooks(self._keeping.note, tell=logger.warning)
        self._records = False
        self.addons = [self._tap]
        """mitmproxy's name for addons within an addon."""

    def load(self, loader: Loader) -> None:
        """Declare our options."""
        loader.add_option("wsreplay_out", str, "captures", "Folder that wsreplay writes captures to.")
        loader.add_option("wsreplay_venue", str, "", "The venue whose dialect reads the traffic; generic if empty.")

    def running(self) -> None:
        """mitmproxy is up: begin to record."""
        plan = RecordingPlan(
            mode="mitmdump", out=Path(ctx.options.wsreplay_out), venue=ctx.options.wsreplay_venue or None
        )
        try:
            self._keeping.begin(plan, blind=BLIND if ctx.options.websocket else ())
        except UserError as error:
            logger.error("wsreplay does not record: %s", error)
            return
        self._records = True

    async def done(self) -> None:
        """mitmproxy ends: finish the capture."""
        if self._records:
            await self._tap.stop()
            path = await asyncio.to_thread(self._keeping.finish, "mitmproxy ended")
            logger.warning("capture %s", path)


def _frame_of(message: WebSocketMessage) -> bytes:
    return frame(int(message.type), message.content, masked=message.from_client)


addons: list[Any] = [Recorder()]
