"""The messages about a deployment, in plain text for chats and mail.

Texts that others wrote mention nobody and are no markup. Log lines are left out: a chat keeps them for long, and they may
contain secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from weco_deploy.model.commits import Commit
from weco_deploy.model.deployment import Deployment, ServiceOutcome
from weco_deploy.model.notification import Destination, Message, NotifyEvent, Occasion
from weco_deploy.model.overdue import OverdueCommits
from weco_deploy.model.project import Project
from weco_deploy.model.template import fill
from weco_deploy.report.build_report import result_words
from weco_deploy.report.console import console_links
from weco_deploy.report.outcomes import counts, service_name, verdict
from weco_deploy.report.screen import Symbols
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import age, count, described, duration, listed, person, short_commit, short_id

_MOST_FAILURES = 10
_MOST_COMMITS = 20
_LONGEST_TEXT = 300
_GOOD_NEWS = {NotifyEvent.SUCCEEDED: True, NotifyEvent.FAILED: False, NotifyEvent.ROLLED_BACK: False}
_DEFAULT = "{project}: {summary}\n{description}\n{services}\n\n{failures}\n\n{commits}\n\n{links}"


def message(
    occasion: Occasion,
    destination: Destination,
    project: Project,
    environment: str,
    commits: Iterable[Commit],
) -> Message:
    """The message for an occasion, by the destination's template or the default one."""
    values = _values(occasion, project, environment, commits)
    text = fill(destination.templates.get(occasion.event, _DEFAULT), values)
    title, _, body = re.sub(r"\n{3,}", "\n\n", text).strip().partition("\n")
    return Message(title=title, body=body.strip() or title, good=_GOOD_NEWS.get(occasion.event))


def needs_commits(occasion: Occasion, destination: Destination) -> bool:
    """Whether the message contains commits, which git has to be asked for."""
    template = destination.templates.get(occasion.event, _DEFAULT)
    return occasion.deployment is not None and "{commits}" in template


def trial_message(destination: Destination, project: Project) -> Message:
    """What `notify --test` sends."""
    events = ", ".join(event.value for event in destination.events)
    return Message(
        title=f"{_plain(project.name)}: a test message",
        body=f"weco-deploy sends messages here about {listed(destination.environments)}: {events}",
    )


def _values(
    occasion: Occasion, project: Project, environment: str, commits: Iterable[Commit]
) -> Mapping[str, str]:
    deployment = occasion.deployment
    values = {
        "project": _plain(project.name),
        "environment": _plain(environment),
        "summary": _plain(_summary(occasion, environment)),
        "status": occasion.event.value,
        "commits": "\n".join(_commits(list(commits))),
    }
    if deployment is None:
        empty = (
            "release",
            "deployment",
            "description",
            "requested_by",
            "duration",
            "services",
            "failures",
            "links",
        )
        return {**values, **dict.fromkeys(empty, "")}
    started = occasion.event is NotifyEvent.STARTED
    by = _plain(person(deployment.requested_by))
    return {
        **values,
        "release": short_id(deployment.release_id),
        "deployment": short_id(deployment.deployment_id),
        "status": occasion.event.value if started else deployment.status.value,
        "description": f"{_plain(described(deployment.description))} (by {by})".strip(),
        "requested_by": by,
        "duration": duration(deployment.took) if deployment.took is not None else "",
        "services": count(len(deployment.services), "service")
        if started
        else counts(outcome.status for outcome in deployment.services),
        "failures": "" if started else "\n".join(_failures(deployment)),
        "links": "\n".join(_links(deployment, () if started else deployment.services_to_blame)),
    }


def overdue_text(overdue: OverdueCommits) -> str:
    """How many commits wait too long, and where."""
    many = len(overdue.commits) != 1
    return (
        f"{count(len(overdue.commits), 'commit')} {'have' if many else 'has'} been in {one_line(overdue.source)} for more than "
        f"{age(overdue.limit)}, but {'are' if many else 'is'} not in {one_line(overdue.target)}"
    )


def _summary(occasion: Occasion, environment: str) -> str:
    deployment = occasion.deployment
    if occasion.event is NotifyEvent.OVERDUE:
        return occasion.text
    if deployment is None:
        return f"a deployment to {environment} waits: {occasion.text}"
    if occasion.event is NotifyEvent.STARTED:
        return f"{Symbols().moving} Release {short_id(deployment.release_id)} to {environment} started"
    return verdict(deployment, Symbols())


def _failures(deployment: Deployment) -> Iterator[str]:
    if deployment.reason:
        yield _plain(deployment.reason)
    bad = deployment.services_to_blame
    yield from map(_failure, bad[:_MOST_FAILURES])
    if len(bad) > _MOST_FAILURES:
        yield f"and {len(bad) - _MOST_FAILURES} more"
    if deployment.rollback:
        yield _plain(verdict(deployment.rollback, Symbols()))


def _failure(outcome: ServiceOutcome) -> str:
    name = service_name(outcome.service_id, outcome.key)
    return _plain(f"{name} {result_words(outcome)}{f': {outcome.reason}' if outcome.reason else ''}")


def _commits(commits: Sequence[Commit]) -> Iterator[str]:
    """The commits, each below its author."""
    authors: dict[str, list[Commit]] = {}
    for commit in commits[:_MOST_COMMITS]:
        authors.setdefault(commit.author, []).append(commit)
    for author, theirs in authors.items():
        yield f"{_plain(author)}:"
        yield from (f"- {short_commit(commit.commit)} {_plain(commit.subject)}" for commit in theirs)
    if len(commits) > _MOST_COMMITS:
        yield f"and {count(len(commits) - _MOST_COMMITS, 'more commit')}"


def _links(deployment: Deployment, bad: Sequence[ServiceOutcome]) -> Iterator[str]:
    """The build, and the pages of these services in the console."""
    if deployment.build_url:
        yield f"Build: {one_line(deployment.build_url)}"
    for outcome in bad[:_MOST_FAILURES]:
        links = console_links(outcome.key)
        if links:
            yield f"{_plain(outcome.service_id)}: {links.service}"


def _plain(text: str) -> str:
    """`text` on one line, so that it mentions nobody and links to nothing: `@here`, and Slack's `<!channel>`."""
    flat = one_line(text)
    shown = flat if len(flat) <= _LONGEST_TEXT else f"{flat[:_LONGEST_TEXT]}…"
    return shown.replace("@", "@\u200b").replace("<", "<\u200b")
