"""Servers on loopback that take what is sent to people: SMTP and HTTP, of the standard library."""

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Taken:
    """Address of a server, and what it took."""

    address: str = ""
    got: list[Any] = field(default_factory=list)
    answer: int = 200
    """HTTP status of every reply, or code after SMTP's RCPT."""


@contextmanager
def webhook_server() -> Iterator[Taken]:
    """Keeps the JSON of every POST; a GET, as behind a redirect, counts as `GET`."""
    taken = Taken()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._reply()

        def do_GET(self) -> None:
            taken.got.append("GET")
            self._reply()

        def _reply(self) -> None:
            self.send_response(taken.answer)
            if 300 <= taken.answer < 400:
                self.send_header("Location", taken.address)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with _served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        taken.address = f"http://127.0.0.1:{port}/hooks/T0PSECRETPATH"
        yield taken


@contextmanager
def mail_server() -> Iterator[Taken]:
    """Keeps the text of every message; it speaks as much of SMTP as one without TLS has to."""
    taken = Taken(answer=250)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            while line := self.rfile.readline().decode().strip():
                verb = line[:4].upper()
                if verb == "DATA":
                    self._say("354 go on")
                    lines = iter(lambda: self.rfile.readline().decode(), ".\r\n")
                    taken.got.append("".join(lines))
                    self._say("250 taken")
                elif verb == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say(f"{taken.answer if verb == 'RCPT' else 250} well")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with _served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        taken.address = f"smtp://127.0.0.1:{port}"
        yield taken


@contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[int]:
    with server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()
