"""A bot as small as can be: it keeps its position by what the stream tells, and outlives its listenKey."""

import json
import threading

from listenpost import call
from websocket import WebSocket


class Bot:
    def __init__(self, http, ws, api_key):
        self._http, self._ws, self._api_key = http, ws, api_key
        self._changed = threading.Condition()
        self._closed = False
        self.position = 0.0
        self.keys = []
        self._listen()
        # Of its own: an exchange pings, and drops who does not answer.
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _listen(self):
        headers = {"X-MBX-APIKEY": self._api_key}
        listen_key = call("POST", f"{self._http}/fapi/v1/listenKey", headers=headers)["listenKey"]
        self._socket = WebSocket(f"{self._ws}/private/ws/{listen_key}")
        self.keys.append(listen_key)

    def _run(self):
        while not self._closed:
            try:
                event = json.loads(self._socket.recv())
            except (ConnectionError, OSError, ValueError):
                return
            with self._changed:
                self._handle(event)
                self._changed.notify_all()

    def _handle(self, event):
        if event["e"] == "ACCOUNT_UPDATE":
            self.position = float(event["a"]["P"][0]["pa"])
        if event["e"] == "listenKeyExpired":
            # Without these two lines the test fails: the old key stays silent for ever.
            self._socket.close()
            self._listen()

    def until(self, holds):
        """Waits until it is so; whether it is, at last."""
        with self._changed:
            return self._changed.wait_for(lambda: holds(self), timeout=5)

    def close(self):
        self._closed = True
        self._socket.close()
        self._thread.join()
