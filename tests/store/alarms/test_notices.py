"""Notices arrive, and what goes wrong shows neither addresses nor passwords."""

import socket

import pytest
from pydantic import SecretStr

from forecasting.errors import NoticeError
from forecasting.settings import Mail
from forecasting.store.alarms.mail import send
from forecasting.store.alarms.webhook import post
from tests.notices import mail_server, webhook_server


def mail(address: str) -> Mail:
    return Mail(server=SecretStr(address), sender="forecasting@example.org", to=("a@example.org", "b@example.org"))


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_webhook_gets_the_object():
    with webhook_server() as server:
        post(server.address, {"text": "Zürich: 東京"})
    assert server.got == [{"text": "Zürich: 東京"}]


@pytest.mark.parametrize("answer", [302, 404, 500])
def test_a_webhook_that_refuses_or_sends_elsewhere_is_an_error_without_its_path(answer):
    with webhook_server() as server:
        server.answer = answer
        with pytest.raises(NoticeError, match=f"answered {answer}") as found:
            post(server.address, {"text": "x"})
    assert "T0PSECRETPATH" not in str(found.value)
    assert server.got == [{"text": "x"}]


def test_a_webhook_that_is_not_there_is_an_error_without_its_path():
    with pytest.raises(NoticeError, match="cannot be reached") as found:
        post(f"http://127.0.0.1:{free_port()}/T0PSECRETPATH", {})
    assert "T0PSECRETPATH" not in str(found.value)


def test_mail_reaches_every_address():
    with mail_server() as server:
        send(mail(server.address), subject="2 alarms", text="calls: demand was 30% below the forecast")
    (message,) = server.got
    assert "To: a@example.org, b@example.org" in message
    assert "Subject: 2 alarms" in message
    assert "30% below" in message


def test_a_password_is_not_sent_in_the_clear():
    with mail_server() as server:
        secret = server.address.replace("//", "//user:hunter2hunter2@")
        with pytest.raises(NoticeError, match="offers no TLS") as found:
            send(mail(secret), subject="x", text="x")
    assert "hunter2" not in str(found.value)
    assert not server.got


def test_refused_addresses_and_absent_servers_are_errors_of_one_line():
    with mail_server() as server:
        server.answer = 550
        with pytest.raises(NoticeError, match="refuses the addresses") as found:
            send(mail(server.address), subject="x", text="x")
    assert "example.org" not in str(found.value)
    with pytest.raises(NoticeError, match="cannot be reached"):
        send(mail(f"smtp://127.0.0.1:{free_port()}"), subject="x", text="x")
