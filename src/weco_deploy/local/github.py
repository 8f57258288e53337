"""Reads and writes a repository on GitHub with githubkit, which is an extra and imported only when it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from weco_deploy.model.github import DeploymentReport
from weco_deploy.model.web_repository import Host, WebRepository
from weco_deploy.ports import GitHubError

DEFAULT_API = "https://api.github.com"
SECONDS = 4.0
"""How long a request may take: sinks have five seconds after the verdict."""
_A_PAGE = 100
_MOST_PAGES = 5
_LASTING = frozenset({401, 403, 429})
"""The statuses of refused credentials, missing permissions and rate limits. 5xx are lasting, too."""


def github_repository(environ: Mapping[str, str], remote_url: str | None) -> GitHubApi:
    """The repository that the job is about. Makes no request.

    Args:
        environ: the environment variables, with the token.
        remote_url: the URL of the git remote.

    Raises:
        GitHubError: the token, the repository or the extra is missing.

    """
    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    if not token:
        raise GitHubError("there is no token: set GITHUB_TOKEN", lasting=True)
    name = environ.get("GITHUB_REPOSITORY") or _name(WebRepository.of(remote_url))
    if not name:
        raise GitHubError("the repository is not known: set GITHUB_REPOSITORY to owner/name", lasting=True)
    try:
        from githubkit import GitHub
    except ModuleNotFoundError as error:
        raise GitHubError(
            f"a package is not installed: {error.name}; pip install 'weco-deploy[github]'", lasting=True
        ) from None
    client = GitHub(
        token,
        base_url=environ.get("GITHUB_API_URL") or DEFAULT_API,
        user_agent="weco-deploy",
        timeout=SECONDS,
        auto_retry=False,  # it would wait for as long as a rate limit lasts
        http_cache=False,
    )
    return GitHubApi(client, name)


def _name(repository: WebRepository | None) -> str | None:
    if repository is None or repository.host is not Host.GITHUB:
        return None
    return "/".join(repository.url.split("/")[3:5])


class GitHubApi:
    """Implements `ports.GitHubRepository`.

    Args:
        client: githubkit's.
        name: the repository, as `owner/name`.

    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._path = f"/repos/{name}"

    def pull_requests(self, commit: str) -> Sequence[int]:
        try:
            found = list(self._listed(f"/commits/{commit}/pulls"))
        except _Missing:  # a commit that was never pushed
            return ()
        return tuple(int(it["number"]) for it in found if it.get("merged_at"))

    def deployment(self, environment: str, deployment_id: str) -> int | None:
        answer = self._request(
            "GET", "/deployments", params={"environment": environment, "per_page": _A_PAGE}
        )
        for found in answer:
            payload = found.get("payload")
            if isinstance(payload, dict) and payload.get("deployment_id") == deployment_id:
                return int(found["id"])
        return None

    def create_deployment(
        self, *, commit: str, environment: str, deployment_id: str, release_id: str, description: str
    ) -> int:
        answer = self._request(
            "POST",
            "/deployments",
            json={
                "ref": commit,
                "environment": environment,
                "description": description,
                "payload": {"deployment_id": deployment_id, "release_id": release_id},
                # What may be deployed has been decided already: GitHub merges nothing, and asks for no checks.
                "auto_merge": False,
                "required_contexts": [],
            },
        )
        return int(answer["id"])

    def report(self, github_id: int, report: DeploymentReport) -> None:
        urls = {"environment_url": report.environment_url, "log_url": report.log_url}
        self._request(
            "POST",
            f"/deployments/{github_id}/statuses",
            json={
                "state": report.state.value,
                "description": report.description,
                **{key: url for key, url in urls.items() if url},
            },
        )

    def add_label(self, pull_request: int, label: str) -> None:
        self._request("POST", f"/issues/{pull_request}/labels", json={"labels": [label]})

    def remove_label(self, pull_request: int, label: str) -> None:
        try:
            self._request("DELETE", f"/issues/{pull_request}/labels/{_quoted(label)}")
        except _Missing:
            return

    def comment(self, pull_request: int, marker: str) -> int | None:
        for found in self._listed(f"/issues/{pull_request}/comments"):
            if marker in (found.get("body") or ""):
                return int(found["id"])
        return None

    def write_comment(self, pull_request: int, text: str, comment: int | None) -> None:
        if comment is None:
            self._request("POST", f"/issues/{pull_request}/comments", json={"body": text})
        else:
            self._request("PATCH", f"/issues/comments/{comment}", json={"body": text})

    def _listed(self, path: str) -> Iterator[Any]:
        for page in range(1, _MOST_PAGES + 1):
            items = self._request("GET", path, params={"per_page": _A_PAGE, "page": page})
            yield from items
            if len(items) < _A_PAGE:
                return

    def _request(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of the answer. Raises GitHubError, whose text has neither token nor body."""
        from githubkit.exception import GitHubException, RequestFailed

        what = f"{method} {self._path}{path}"
        try:
            answer = self._client.request(method, f"{self._path}{path}", **options)
            return answer.json() if answer.status_code != _NO_CONTENT else None
        except RequestFailed as error:
            status = error.response.status_code
            kind = _Missing if status == _NOT_FOUND else GitHubError
            lasting = status in _LASTING or status >= _SERVER_ERROR
            raise kind(f"GitHub answered {status} to {what}", lasting=lasting) from None
        except GitHubException as error:
            raise GitHubError(
                f"GitHub did not answer to {what}: {type(error).__name__}", lasting=True
            ) from None
        except ValueError:
            raise GitHubError(f"GitHub's answer to {what} is no JSON", lasting=True) from None


_NO_CONTENT, _NOT_FOUND, _SERVER_ERROR = 204, 404, 500


class _Missing(GitHubError):
    """GitHub has no such thing, or the token may not see it."""


def _quoted(label: str) -> str:
    from urllib.parse import quote

    return quote(label, safe="")
