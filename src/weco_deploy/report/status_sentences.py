"""Sentences for what `status` found, for the text and for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from weco_deploy.model.environment import Lock
from weco_deploy.model.status import (
    Crash,
    Drift,
    EnvironmentStatus,
    ImageStatus,
    KnownBad,
    Problem,
    ServiceStatus,
    Source,
    Version,
    Waiting,
)
from weco_deploy.report.screen import FILE, Screen
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import (
    age,
    clock_time,
    count,
    listed,
    listed_briefly,
    local_clock_time,
    moment,
    person,
    short_id,
    version_name,
    version_names,
)

_NAMES_SHOWN = 3


def name_of(version: Version) -> str:
    return version_name(version.commit, version.digest)


def distinct_name(version: Version, environment: str, images: Mapping[str, ImageStatus]) -> str:
    """The commit; marked if another environment has another image of the same commit, so that they don't look alike.

    `images` are the image's states by environment id.
    """
    same_commit = [
        other.shown
        for id_, other in images.items()
        if id_ != environment and other.shown and name_of(other.shown) == name_of(version)
    ]
    if version.commit and any(other.digest != version.digest for other in same_commit):
        return f"{name_of(version)}@{name_of(Version(version.digest))[:4]}"
    return name_of(version)


def state_words(state: EnvironmentStatus) -> str:
    """Whether it is in sync, and counts of its services."""
    images = {drift.image_id for drift in state.drifts}
    idle = sum(service.idle for service in state.services)
    missing = sum(service.may_be_missing for service in state.services)
    up = len(state.services) - len(state.down) - idle - missing
    # Without a record there is nothing to be in sync with.
    in_order = "not finished" if state.unfinished else "in sync"
    sync = in_order if any(image.expected for image in state.images) else "no images"
    words = [f"{len(images)} drifted" if images else sync]
    words += [f"{len(state.down)} down"] if state.down else []
    words += [f"{up} up"] if up else []
    words += [f"{idle} at 0 tasks"] if idle else []
    words += [f"{missing} missing as allowed"] if missing else []
    words += [f"{state.services_of_others} deployed by others"] if state.services_of_others else []
    return ", ".join(words)


def drift_sentences(state: EnvironmentStatus) -> list[str]:
    """What drifted. Services that run the same wrong version of an image share a sentence."""
    tags = {image.image_id: image.tag for image in state.images}
    alike: dict[tuple[Source, str, Version | None], list[Drift]] = {}
    for drift in state.drifts:
        alike.setdefault((drift.source, drift.image_id, drift.found), []).append(drift)
    return [drift_sentence(*drifts, tag=tags[drifts[0].image_id]) for drifts in alike.values()]


def drift_sentence(drift: Drift, *alike: Drift, tag: str) -> str:
    """What differs from what. `alike` are the same drift of other services. `tag` is the image's tag in the environment."""
    drifts = (drift, *alike)
    image_id, services = one_line(drift.image_id), [found.service_id or "" for found in drifts]
    named = listed_briefly(services, _NAMES_SHOWN)
    expected, found = name_of(drift.expected), ""
    if drift.found is not None:
        expected, found = version_names(
            drift.expected.commit, drift.expected.digest, drift.found.commit, drift.found.digest
        )
    but = f"{expected} was deployed" if drift.recorded else f"{one_line(tag)} points at {expected}"
    match drift.source:
        case Source.TAG if drift.found is None:
            return f"{image_id}: the tag {one_line(tag)} is gone, but {but}"
        case Source.TAG:
            return f"{image_id}: {one_line(tag)} points at {found}, but {but}"
        case Source.ECS_DEPLOYMENT:
            return f"{image_id}: ECS resolved the deployment of {named} to {found}, but {but}"
        case Source.RUNNING:
            tasks, all_tasks = (
                sum(found_in.tasks for found_in in drifts),
                sum(found_in.all_tasks for found_in in drifts),
            )
            part = f" in {tasks} of {all_tasks} tasks" if tasks < all_tasks else ""
            return f"{image_id}: {named} {'run' if alike else 'runs'} {found}{part}, but {but}"


def service_sentences(state: EnvironmentStatus, at: datetime) -> list[str]:
    """What is wrong with services, apart from crashes of those that have enough tasks. Services with the same trouble share a sentence."""
    alike: dict[tuple[object, ...], list[ServiceStatus]] = {}
    for service in state.services:
        if service.problems and not _only_crashed(service):
            alike.setdefault(_trouble(service), []).append(service)
    return [
        f"{listed_briefly([service.service_id for service in services], _NAMES_SHOWN)}: {_problems(services, at)}"
        for services in alike.values()
    ]


def crashed_sentences(state: EnvironmentStatus, at: datetime) -> list[str]:
    """The crashes within the last hour of services that have enough tasks. Services whose tasks ended alike share a sentence."""
    alike: dict[tuple[object, ...], list[ServiceStatus]] = {}
    for service in state.services:
        if _only_crashed(service):
            how = tuple((crash.exit_code, crash.reason) for crash in service.crashes)
            alike.setdefault(how, []).append(service)
    return [
        f"{listed_briefly([service.service_id for service in services], _NAMES_SHOWN)}: {_crashes(services, at)}"
        for services in alike.values()
    ]


def _only_crashed(service: ServiceStatus) -> bool:
    return service.problems == (Problem.CRASHED_TASKS,)


def _crashes(services: Sequence[ServiceStatus], at: datetime) -> str:
    """The crashes of services whose tasks ended alike, added up."""
    return "; ".join(
        crash_sentence(
            replace(
                crashes[0],
                tasks=sum(crash.tasks for crash in crashes),
                container=listed_briefly(
                    list(dict.fromkeys(crash.container or "" for crash in crashes)), _NAMES_SHOWN
                ),
                last=max(crash.last for crash in crashes),
            ),
            at,
        )
        for crashes in zip(*(service.crashes for service in services), strict=True)
    )


def service_sentence(service: ServiceStatus, at: datetime) -> str:
    """What is wrong with a service."""
    return f"{one_line(service.service_id)}: {_problems([service], at)}"


def _trouble(service: ServiceStatus) -> tuple[object, ...]:
    """What services with the same trouble have in common. Where a detail names the service, it has its own sentence."""
    crashes = tuple(
        (crash.tasks, crash.container, crash.exit_code, crash.reason) for crash in service.crashes
    )
    own = service.keys if {Problem.AMBIGUOUS, Problem.OTHER_IMAGES} & set(service.problems) else ()
    return (service.problems, service.running, service.desired, service.detail, crashes, own)


def _problems(services: Sequence[ServiceStatus], at: datetime) -> str:
    """What is wrong with services that all have the same trouble."""
    service, several = services[0], "each " if len(services) > 1 else ""
    detail, keys = one_line(service.detail), listed(map(str, service.keys))
    words = {
        Problem.MISSING: detail,
        Problem.AMBIGUOUS: f"more than one ECS service has its tags: {keys}",
        Problem.OTHER_IMAGES: f"{keys} uses none of its images",
        Problem.TOO_FEW_TASKS: f"{several}{service.running} of {count(service.desired, 'task')} running",
        Problem.ROLLOUT_FAILED: f"the last rollout failed{': ' if detail else ''}{detail}",
        Problem.CRASHED_TASKS: "; ".join(
            several + crash_sentence(max(crashes, key=lambda crash: crash.last), at)
            for crashes in zip(*(other.crashes for other in services), strict=True)
        ),
    }
    return "; ".join(words[problem] for problem in service.problems)


def crash_sentence(crash: Crash, at: datetime) -> str:
    """How often tasks crashed within the last hour, how, and when last."""
    container = one_line(crash.container or "")
    exited = f": {container} exited with {crash.exit_code}" if crash.exit_code is not None else ""
    reason = f"{',' if exited else ':'} {one_line(crash.reason)}" if crash.reason else ""
    return f"{count(crash.tasks, 'task')} crashed{exited}{reason}, {age(at - crash.last)} ago"


def lock_sentences(state: EnvironmentStatus, screen: Screen) -> Iterator[str]:
    """The lock in force, and the one that follows it."""
    lock = state.lock
    if lock is not None:
        what = f" for deployment {short_id(lock.deployment_id)}" if lock.deployment_id else ""
        until = f", lease until {_lease_end(lock.lease_ends, screen)}" if lock.lease_ends else ""
        build = f", build {one_line(state.lock_build_url)}" if state.lock_build_url else ""
        yield f"by {person(lock.holder)}{what} since {moment(lock.since, screen)}{until}{build}{_why(lock)}"
    if state.next_lock is not None:
        build_url = state.next_lock.build_url
        build = f", build {one_line(build_url)}" if build_url else ""
        yield f"then by {person(state.next_lock.holder)}{build}{_why(state.next_lock)}"


def _lease_end(at: datetime, screen: Screen) -> str:
    return local_clock_time(at) if screen.now else clock_time(at)


def _why(lock: Lock) -> str:
    if lock.why:
        return f": {one_line(lock.why)}"
    return "" if lock.deployment_id else ": no reason given"


def progress_sentences(state: EnvironmentStatus, at: datetime) -> Iterator[str]:
    """Our deployment in progress, and the services whose tasks ECS replaces."""
    deployment = state.in_progress
    if deployment is not None:
        cut_off = ", which was cut off" if state.cut_off else ""
        yield (
            f"deployment {short_id(deployment.deployment_id)} of release {short_id(deployment.release_id)}"
            f"{cut_off}, begun {age(at - deployment.date_created)} ago by {person(deployment.requested_by)}"
        )
    rolling = [service.service_id for service in state.services if service.rolling_out]
    if rolling:
        yield f"ECS replaces tasks of {listed_briefly(rolling, _NAMES_SHOWN)}"


def waiting_sentence(waiting: Waiting) -> str:
    source, target = one_line(waiting.source), one_line(waiting.target)
    images = count(len(waiting.images), "image")
    release = f" (release {short_id(waiting.release_id)})" if waiting.release_id else ""
    commits = f"{count(waiting.commits, 'commit')} in " if waiting.commits is not None else ""
    text = f"{source} to {target}: {commits}{images}{release}"
    if waiting.lost:
        text += f"; {count(waiting.lost, 'commit')} of {target} would be lost"
    if waiting.unknown:
        text += f"; commits unknown of {listed_briefly(waiting.unknown, _NAMES_SHOWN)}"
    return f"{text}: {one_line(waiting.refused)}" if waiting.refused else text


def known_bad_sentences(state: EnvironmentStatus, screen: Screen) -> list[str]:
    """The images that failed there. Those of one deployment share a sentence."""
    alike: dict[tuple[object, ...], list[KnownBad]] = {}
    for known in state.known_bad:
        alike.setdefault((known.deployment.deployment_id, known.failed, known.there), []).append(known)
    return [known_bad_sentence(*several, screen=screen) for several in alike.values()]


def known_bad_sentence(known: KnownBad, *alike: KnownBad, screen: Screen = FILE) -> str:
    """That an image failed there. `alike` are others that failed in the same deployment."""
    several = (known, *alike)
    verb = "were" if alike else "was"
    what = "failed there" if known.failed else f"{verb} rolled back from there"
    waits = "" if known.there else ", waiting for it,"
    deployment = known.deployment
    names = [f"{other.image_id} {name_of(other.version)}" for other in several]
    return (
        f"{listed_briefly(names, _NAMES_SHOWN)}{waits} {what} "
        f"{moment(deployment.date_created, screen)} (deployment {short_id(deployment.deployment_id)})"
    )
