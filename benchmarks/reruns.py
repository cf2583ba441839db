"""How long the server takes to answer, told by what goes over a page's websocket."""

import time
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


class Reruns:
    """Seconds from each request to run the script, or a fragment of it, to the message that it has finished."""

    def __init__(self, page: Any) -> None:
        """Listen to a Playwright page, synchronous or not. To be called before it opens the app."""
        self.seconds: list[float] = []
        self.fragments: dict[str, list[float]] = {}  # those of `seconds` that were ticks, by fragment
        self.dropped = 0  # connections that ended before the page was left
        self._asked: float | None = None
        self._fragment = ""
        self.leaving = False
        page.on("websocket", self._listen)

    def _listen(self, socket: Any) -> None:
        if "_stcore/stream" in socket.url:
            socket.on("framesent", self._sent)
            socket.on("framereceived", self._received)
            socket.on("close", self._closed)

    def _sent(self, frame: Any) -> None:
        if isinstance(frame, bytes):
            message = BackMsg.FromString(frame)
            if message.WhichOneof("type") == "rerun_script" and self._asked is None:
                self._asked, self._fragment = time.perf_counter(), message.rerun_script.fragment_id

    def _received(self, frame: Any) -> None:
        if not isinstance(frame, bytes) or self._asked is None:
            return
        message = ForwardMsg.FromString(frame)
        early = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
        if message.WhichOneof("type") == "script_finished" and message.script_finished != early:
            self.seconds.append(time.perf_counter() - self._asked)
            if self._fragment:
                self.fragments.setdefault(self._fragment, []).append(self.seconds[-1])
            self._asked = None

    def _closed(self, _: Any) -> None:
        self.dropped += not self.leaving
        self._asked = None
