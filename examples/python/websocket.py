"""As much of a WebSocket as reading a stream takes. A real bot has the package `websockets`."""

import base64
import os
import socket
import struct
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class WebSocket:
    def __init__(self, url):
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._stream = self._socket.makefile("rb")
        status = self._stream.readline()
        while self._stream.readline() != b"\r\n":
            pass
        if b" 101 " not in status:
            raise ConnectionError(status.decode().strip())

    def recv(self):
        """The next text; pings are answered meanwhile. `ConnectionError` when the other side has closed."""
        while True:
            first, second = self._read(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", self._read(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self._read(8))
            payload = self._read(length)
            opcode = first & 0x0F
            if opcode == TEXT:
                return payload.decode()
            if opcode == PING:
                self._send(PONG, payload)
            if opcode == CLOSE:
                raise ConnectionError("the stream was closed")

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # The other side was quicker.
        self._stream.close()
        self._socket.close()

    def _read(self, length):
        data = self._stream.read(length)
        if len(data) < length:
            raise ConnectionError("the stream was cut")
        return data

    def _send(self, opcode, payload):
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self._socket.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + masked)
