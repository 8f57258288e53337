"""What is true of every plan, whatever was seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.states import (
    CHILD,
    NEW,
    OLD,
    OURS,
    REGISTRY,
    active,
    container,
    digest,
    in_ecr,
    noted,
    primary,
    project,
    release,
    resolving,
    service,
    snapshot,
    task,
    view,
)
from weco_deploy.model.environment import KnownService
from weco_deploy.model.image import ImageView
from weco_deploy.model.plan import Action, Plan, Snapshot
from weco_deploy.model.project import Project
from weco_deploy.model.release import ImageVersion
from weco_deploy.model.requests import DeployRequest
from weco_deploy.model.service import Container, ResolvedImage, ServiceView
from weco_deploy.rules.planning import plan
from weco_deploy.rules.running import rested

IMAGES = ("search", "items", "cron")
SERVICES = ("search-api", "items-api", "worker")
RIGHT = {NEW, CHILD}
VERSION = ImageVersion(ref="ref.new", refs=("ref.new",), digest=NEW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A project, what was seen of it, and the images that the release has."""

    project: Project
    seen: Snapshot
    released: frozenset[str]

    def plan(self, *, force: bool = False, seen: Snapshot | None = None) -> Plan:
        request = DeployRequest(
            release=replace(
                release(), images={one: VERSION if one in self.released else None for one in IMAGES}
            ),
            environment_id="stage",
            description="",
            force_redeploy=force,
            allow_missing=True,
        )
        return plan(self.project, request, seen or self.seen)

    def wanted(self, service_id: str) -> set[str]:
        """The images of a service that the release has."""
        return {one for one in self.project.services.get(service_id, ()) if one in self.released}


def running(image_id: str, reported: str | None) -> Container:
    return container(reported, image=f"uk.ac.wellcome/{image_id}:env.stage", name=image_id)


@st.composite
def views(draw: st.DrawFn, name: str) -> ServiceView:
    """A service at rest, in the middle of a rollout, or idle, with tasks of its images and sidecars."""
    reported = st.sampled_from([NEW, NEW, NEW, CHILD, OLD, None])
    containers = st.lists(
        st.builds(running, st.sampled_from(IMAGES), reported)
        | st.just(container(digest("x"), image="proxy:1")),
        min_size=1,
        max_size=3,
    )
    each = draw(st.lists(containers, max_size=3))
    tasks = [task(f"{name}-{place}", containers=one) for place, one in enumerate(each)]
    state = draw(st.sampled_from(["COMPLETED", "COMPLETED", "IN_PROGRESS", "FAILED"]))
    old = draw(st.sampled_from([0, 0, 1]))
    return view(
        service(name, running=len(tasks), deployments=[primary(OURS, state=state), active(running=old)]),
        tasks,
    )


def known(service_id: str) -> st.SearchStrategy[KnownService]:
    digests = st.dictionaries(st.sampled_from(IMAGES), st.sampled_from([NEW, OLD]), min_size=1)
    return st.builds(lambda each: noted(service_id, **each), digests)


RESOLVED: st.SearchStrategy[list[ResolvedImage]] = st.lists(
    st.builds(resolving, st.sampled_from([NEW, NEW, OLD, None]), image=st.sampled_from(IMAGES)), max_size=2
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    uses = {
        image: draw(st.lists(st.sampled_from(SERVICES), unique=True, max_size=len(SERVICES)))
        for image in IMAGES
    }
    found = draw(st.sets(st.sampled_from(SERVICES)))
    return Case(
        project=project(**uses),
        released=frozenset(draw(st.sets(st.sampled_from(IMAGES), min_size=1))),
        seen=snapshot(
            images={
                image: in_ecr(NEW, tagged=draw(st.sampled_from([OLD, NEW, None])), children=[CHILD])
                for image in IMAGES
            },
            services={one: draw(views(one)) for one in sorted(found)},
            known=[draw(known(one)) for one in sorted(draw(st.sets(st.sampled_from(SERVICES))))],
            resolved={one: draw(RESOLVED) for one in sorted(found)},
        ),
    )


def told(seen: ServiceView, wanted: set[str]) -> list[str | None]:
    """What the running containers of the wanted images report."""
    return [
        each.digest
        for one in seen.tasks or ()
        for each in one.containers
        if each.image in {f"{REGISTRY}/uk.ac.wellcome/{image}:env.stage" for image in wanted}
    ]


@settings(deadline=None)
@given(cases())
def test_exactly_the_tags_that_point_elsewhere_move(case: Case) -> None:
    moves = {image.image_id for image in case.plan().moves}
    assert moves == {one for one in case.released if case.seen.images[one].tagged != NEW}


@settings(deadline=None)
@given(cases())
def test_each_service_of_the_released_images_is_planned_once_or_warned_of(case: Case) -> None:
    made = case.plan()
    planned = [one.service_id for one in made.services]
    asked = {one for one in SERVICES if case.wanted(one)}
    assert len(planned) == len(set(planned))
    assert set(planned) == asked & case.seen.services.keys()
    for missing in asked - case.seen.services.keys():
        assert any(warning.startswith(f"{missing}: ") for warning in made.warnings)
    assert all(set(one.images) == case.wanted(one.service_id) for one in made.services)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_what_all_its_running_containers_tell_decides(case: Case) -> None:
    for one in case.plan().services:
        seen = case.seen.services[one.service_id][0]
        reports = told(seen, case.wanted(one.service_id))
        ours = seen.service.primary
        assert ours is not None
        wrong = any(report is not None and report not in RIGHT for report in reports)
        right = bool(reports) and all(report in RIGHT for report in reports)
        if wrong or (right and ours.rollout_state == "FAILED"):
            assert one.action is Action.REDEPLOY
        elif right:
            assert one.action is not Action.REDEPLOY
        if one.action is Action.LEAVE and one.related:
            assert ours.rollout_state == "COMPLETED"
            assert all(each.running == 0 for each in seen.service.deployments if each is not ours)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_without_other_evidence_a_service_at_rest_is_redeployed_unless_all_of_it_matches(case: Case) -> None:
    bare = replace(case.seen, resolved={}, record=replace(case.seen.record, services={}))
    for one in case.plan(seen=bare).services:
        seen = bare.services[one.service_id][0]
        reports = told(seen, case.wanted(one.service_id))
        fits = bool(reports) and all(report in RIGHT for report in reports)
        if one.related and rested(seen.service):
            assert one.action is (Action.LEAVE if fits else Action.REDEPLOY)


@settings(deadline=None)
@given(cases())
def test_force_redeploys_every_service_that_uses_the_images(case: Case) -> None:
    made = case.plan(force=True)
    assert all((one.action is Action.REDEPLOY) == one.related for one in made.services)
    assert made.moves == case.plan().moves


@settings(deadline=None)
@given(cases())
def test_where_tags_point_does_not_touch_what_happens_to_services(case: Case) -> None:
    moved = {image: ImageView(manifest=each.manifest, tagged=NEW) for image, each in case.seen.images.items()}
    again = case.plan(seen=replace(case.seen, images=moved))
    assert again.services == case.plan().services
    assert not again.moves


@settings(deadline=None)
@given(cases())
def test_once_all_of_it_runs_the_same_plan_changes_nothing(case: Case) -> None:
    """Running the same command again converges."""
    images = {image: in_ecr(NEW, tagged=NEW, children=[CHILD]) for image in IMAGES}
    carried_out = replace(
        case.seen,
        images=images,
        services={
            service_id: (
                view(
                    service(service_id, running=1, deployments=[primary(OURS, completed=True)]),
                    [
                        task(
                            "t1",
                            containers=[running(image, NEW) for image in sorted(case.wanted(service_id))],
                        )
                    ],
                ),
            )
            for service_id in case.seen.services
            if case.wanted(service_id)
        },
    )
    again = case.plan(seen=carried_out)
    assert not again.changes
    assert {one.action for one in again.services} <= {Action.LEAVE}
