"""Makes the HTTP requests of checks."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request

from weco_deploy.model.http_answer import HttpAnswer

LONGEST_ANSWER = 1_000_000
"""Bytes. Nothing is expected beyond."""


class UrlClient:
    """Implements `ports.HttpClient`. Redirects are followed, and proxies used, as the environment variables say."""

    def get(self, url: str, seconds: float) -> HttpAnswer:
        try:
            # The URL begins with http: or https:, by the project file's schema.
            request = urllib.request.Request(url, headers={"User-Agent": "weco-deploy"})  # noqa: S310 - see above
            with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310 - see above
                return HttpAnswer(answer.status, _text(answer.read(LONGEST_ANSWER)))
        except urllib.error.HTTPError as error:
            with error:
                return HttpAnswer(error.code, _read(error))
        except urllib.error.URLError as error:
            return HttpAnswer(None, problem=str(error.reason))
        except (OSError, http.client.HTTPException, ValueError) as error:
            return HttpAnswer(None, problem=str(error) or type(error).__name__)


def _read(error: urllib.error.HTTPError) -> str:
    try:
        return _text(error.read(LONGEST_ANSWER))
    except (OSError, http.client.HTTPException):
        return ""


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
