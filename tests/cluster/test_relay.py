"""The network between a job and a server does what it is told."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from tests.cluster.relay import Link, link_to

pytestmark = pytest.mark.cluster


@pytest.fixture
def link() -> Iterator[Link]:
    """A link to a server that says again what it is told."""

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()

    def echo(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while data := connection.recv(4096):
                connection.sendall(data)

    with closing(socket.create_server(("127.0.0.1", 0))) as listener, link_to(listener.getsockname()[1]) as link:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield link


def connect(link: Link) -> socket.socket:
    return socket.create_connection(("127.0.0.1", link.port), timeout=5)


def say(connection: socket.socket, text: bytes) -> float:
    """Seconds until it was said again."""
    started = time.monotonic()
    connection.sendall(text)
    assert connection.recv(4096) == text
    return time.monotonic() - started


def meanwhile(action: object, *given: float, **named: float) -> threading.Thread:
    thread = threading.Thread(target=action, args=given, kwargs=named)
    thread.start()
    time.sleep(0.05)
    return thread


def test_it_passes_on_what_is_said(link: Link) -> None:
    with connect(link) as one, connect(link) as other:
        assert max(say(one, b"one"), say(other, b"other"), say(one, b"again")) < 1


def test_a_cut_ends_connections_and_lets_none_through_until_it_is_over(link: Link) -> None:
    with connect(link) as before:
        say(before, b"before")
        cut = meanwhile(link.cut, 0.3)
        with pytest.raises(OSError), connect(link) as during:
            say(during, b"during")
        with suppress(ConnectionError):
            assert before.recv(1) == b""
    cut.join()
    with connect(link) as after:
        say(after, b"after")


def test_a_stall_holds_what_is_said_and_loses_nothing(link: Link) -> None:
    with connect(link) as connection:
        say(connection, b"before")
        stall = meanwhile(link.stall, 0.4)
        assert say(connection, b"during") > 0.2
        stall.join()
        assert say(connection, b"after") < 0.2


def test_a_slow_network_holds_everything_for_a_while(link: Link) -> None:
    with connect(link) as connection:
        slow = meanwhile(link.slow, 0.3, delay_seconds=0.05)
        assert say(connection, b"there and back") >= 0.1
        slow.join()
        assert say(connection, b"after") < 0.1
