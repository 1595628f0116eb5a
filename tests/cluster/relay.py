"""A network between a job and a server that cuts connections, stands still or is slow: a relay of TCP on loopback."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK = 65536
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER by which closing a socket resets its connection, as a machine on the way does."""


class Link:
    """Whoever connects to its port is connected to the server behind it."""

    def __init__(self, server: int) -> None:
        """server: port on loopback."""
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self._flowing = threading.Event()
        self._flowing.set()
        self._is_cut = False
        self._delay_seconds = 0.0
        self._ends: set[socket.socket] = set()
        self._guard = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, seconds: float) -> None:
        """Reset all connections, and for so long every new one."""
        self._is_cut = True
        self._reset()
        time.sleep(seconds)
        self._is_cut = False

    def stall(self, seconds: float) -> None:
        """Let nothing through for so long; connections stay."""
        self._flowing.clear()
        time.sleep(seconds)
        self._flowing.set()

    def slow(self, seconds: float, *, delay_seconds: float) -> None:
        """For so long, hold everything that is sent by a delay."""
        self._delay_seconds = delay_seconds
        time.sleep(seconds)
        self._delay_seconds = 0.0

    def close(self) -> None:
        """Take no further connection, and end those that are there."""
        self._listener.close()
        self._flowing.set()
        self._reset()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                _reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._server), timeout=5)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            with self._guard:
                self._ends |= {client, server}
            threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        """Relay both ways until both have ended."""
        back = threading.Thread(target=self._relay, args=(server, client), daemon=True)
        back.start()
        self._relay(client, server)
        back.join()
        with self._guard:
            self._ends -= {client, server}
        client.close()
        server.close()

    def _relay(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self._flowing.wait()
                if self._delay_seconds:
                    time.sleep(self._delay_seconds)
                target.sendall(data)
        # the other side hears of the end once what was sent before has arrived
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _reset(self) -> None:
        with self._guard:
            ends, self._ends = self._ends, set()
        for end in ends:
            _reset(end)


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        # wakes the thread that reads it, which a closing alone does not
        end.shutdown(socket.SHUT_RD)
    end.close()


@contextmanager
def link_to(server: int) -> Iterator[Link]:
    """A link to a port on loopback, gone at the end."""
    link = Link(server)
    try:
        yield link
    finally:
        link.close()
