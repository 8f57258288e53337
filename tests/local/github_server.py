"""A stub of GitHub's REST API on loopback: one repository, whose contents a test prepares and reads."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.loopback import serving

IN_TIME = 60.0
TOKEN = "s3cret"
REPOSITORY = "acme/shop"


@dataclass
class GitHubServer:
    """`refuses` are the statuses that methods and paths are answered with; with `hangs` nothing is answered until the end."""

    url: str = ""
    hangs: bool = False
    refuses: dict[str, int] = field(default_factory=dict)
    pulls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    statuses: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    labels: dict[int, list[str]] = field(default_factory=dict)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    @property
    def environ(self) -> dict[str, str]:
        """The variables of a job."""
        return {"GITHUB_API_URL": self.url, "GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": REPOSITORY}

    def merge(self, commit: str, *numbers: int, merged: bool = True) -> None:
        self.pulls[commit] = [
            {"number": number, "merged_at": "2026-03-04T12:00:00Z" if merged else None} for number in numbers
        ]

    def texts(self, number: int) -> list[str]:
        return [comment["body"] for comment in self.comments.get(number, [])]

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        parts = path.removeprefix(f"/repos/{REPOSITORY}/").split("/")
        return self._read(parts, query) if method == "GET" else self._written(method, parts, body)

    def _read(self, parts: list[str], query: dict[str, list[str]]) -> tuple[int, Any]:
        match parts:
            case ["commits", commit, "pulls"]:
                return (200, self.pulls[commit]) if commit in self.pulls else (404, {"message": "Not Found"})
            case ["deployments"]:
                return 200, [it for it in self.deployments if it["environment"] in query["environment"]]
            case ["issues", number, "comments"]:
                size, page = int(query["per_page"][0]), int(query["page"][0])
                return 200, self.comments.get(int(number), [])[(page - 1) * size : page * size]
        return 404, {"message": "Not Found"}

    def _written(self, method: str, parts: list[str], body: Any) -> tuple[int, Any]:
        match (method, parts):
            case ("POST", ["deployments"]):
                created = {"id": len(self.deployments) + 1, **body}
                self.deployments.append(created)
                return 201, created
            case ("POST", ["deployments", number, "statuses"]):
                self.statuses.setdefault(int(number), []).append(body)
                return 201, body
            case ("POST", ["issues", number, "labels"]):
                self.labels.setdefault(int(number), []).extend(body["labels"])
                return 200, []
            case ("DELETE", ["issues", number, "labels", label]):
                names = self.labels.get(int(number), [])
                if unquote(label) not in names:
                    return 404, {"message": "Label does not exist"}
                names.remove(unquote(label))
                return 200, []
            case ("POST", ["issues", number, "comments"]):
                listed = self.comments.setdefault(int(number), [])
                listed.append({"id": int(number) * 1000 + len(listed), "body": body["body"]})
                return 201, listed[-1]
            case ("PATCH", ["issues", "comments", comment_id]):
                for listed in self.comments.values():
                    for comment in listed:
                        if comment["id"] == int(comment_id):
                            comment["body"] = body["body"]
                            return 200, comment
        return 404, {"message": "Not Found"}


@contextmanager
def github_server() -> Iterator[GitHubServer]:
    served = GitHubServer()
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # sends head and body together

        def handle_request(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            address = urlsplit(self.path)
            served.requests.append(f"{self.command} {address.path}")
            served.tokens.add(self.headers.get("Authorization", ""))
            if served.hangs:
                over.wait(IN_TIME)
            refused = next(
                (status for part, status in served.refuses.items() if part in served.requests[-1]), None
            )
            if refused is not None:
                status, answer = refused, {"message": "no"}
            else:
                status, answer = served.answer(self.command, address.path, parse_qs(address.query), body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_request  # noqa: N815 - the base class names them so

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Log nothing: the requests are in `requests`."""

    with serving(Handler) as address:
        served.url = f"http://{address}"
        try:
            yield served
        finally:
            over.set()
