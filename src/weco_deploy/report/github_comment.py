"""The comment of a pull request about an environment."""

from __future__ import annotations

from weco_deploy.model.deployment import Deployment
from weco_deploy.model.overdue import OverdueCommits
from weco_deploy.report.markdown import escaped
from weco_deploy.report.wording import age, minute, short_id


def comment(deployment: Deployment, brought: bool) -> str:  # noqa: FBT001 - the type of `operations.github.Comment`
    """Since when the pull request runs in the environment, or no longer does."""
    verb = "Runs" if brought else "No longer runs"
    since = minute(deployment.date_finished or deployment.date_created)
    release = escaped(short_id(deployment.release_id))
    build = f" ([build]({deployment.build_url}))" if _is_link(deployment.build_url) else ""
    return (
        f"{verb} in **{escaped(deployment.environment)}** since {since} UTC, with release {release}{build}."
    )


def overdue_comment(overdue: OverdueCommits) -> str:
    """That the pull request waits too long to be promoted."""
    return (
        f"Has been in **{escaped(overdue.source)}** for more than {escaped(age(overdue.limit))}, but is not in "
        f"**{escaped(overdue.target)}** yet."
    )


def _is_link(url: str | None) -> bool:
    return url is not None and url.startswith(("https://", "http://")) and not set(url) & set(" ()<>\n")
