"""Notices by mail."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from forecasting.errors import NoticeError
from forecasting.settings import Mail

_SECONDS = 20
_PORTS = {"smtp": 25, "smtps": 465}


def send(mail: Mail, *, subject: str, text: str) -> None:
    """Send a text to every address. Raises NoticeError, which names the server and no address or password.

    `smtps://` speaks TLS from the beginning; with `smtp://` it begins where the server offers it, and a password is
    sent only then.
    """
    parts = urlsplit(mail.server.get_secret_value())
    host = parts.hostname or ""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, mail.sender, ", ".join(mail.to)
    message.set_content(text)
    where = f"mail: {host}:{parts.port or _PORTS[parts.scheme]}"
    try:
        with _connect(parts.scheme, host, parts.port or _PORTS[parts.scheme]) as server:
            if parts.username:
                if not isinstance(server, smtplib.SMTP_SSL) and not server.has_extn("starttls"):
                    raise NoticeError(f"{where} offers no TLS, and a password is not sent without; use smtps://")
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message)
    except smtplib.SMTPResponseException as error:
        raise NoticeError(f"{where} answered {error.smtp_code}; see FORECASTING_ALARM_SMTP") from None
    except smtplib.SMTPRecipientsRefused:
        raise NoticeError(f"{where} refuses the addresses; see FORECASTING_ALARM_MAIL_TO") from None
    except (OSError, smtplib.SMTPException) as error:
        raise NoticeError(f"{where} cannot be reached ({type(error).__name__}); see FORECASTING_ALARM_SMTP") from None


def _connect(scheme: str, host: str, port: int) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=context)
    server = smtplib.SMTP(host, port, timeout=_SECONDS)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
        server.esmtp_features["starttls"] = ""  # noted for who asks whether the password is safe
    return server
