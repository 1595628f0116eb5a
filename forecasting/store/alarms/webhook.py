"""Notices to a webhook: one POST of JSON."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping

from forecasting.errors import NoticeError

_SECONDS = 20


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """What is sent goes to the address that was set, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


def post(address: str, content: Mapping[str, object]) -> None:
    """Send an object to an address. Raises NoticeError, which names the host alone: a path may be a secret."""
    request = urllib.request.Request(
        address,
        data=json.dumps(content, default=str).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "forecasting"},
        method="POST",
    )
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=_SECONDS) as reply:
            reply.read(1)
    except urllib.error.HTTPError as error:
        raise NoticeError(
            f"webhook: {request.host} answered {error.code}; expected 2xx; see FORECASTING_ALARM_WEBHOOK"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise NoticeError(
            f"webhook: {request.host} cannot be reached ({type(reason).__name__}); see FORECASTING_ALARM_WEBHOOK"
        ) from None
