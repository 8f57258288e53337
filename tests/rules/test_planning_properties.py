"""Properties of all plans, for generated snapshots."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.snapshots import in_ecr, noted, project, release, snapshot
from tests.rules.states import (
    CHILD,
    NEW,
    OLD,
    OURS,
    REGISTRY,
    active,
    container,
    digest,
    primary,
    resolving,
    service,
    task,
    view,
)
from weco_deploy.model.image import ImageView
from weco_deploy.model.kind import Kind
from weco_deploy.model.left_out import Part
from weco_deploy.model.plan import Action, Plan, Snapshot
from weco_deploy.model.project import Project
from weco_deploy.model.release import ImageVersion
from weco_deploy.model.requests import DeployRequest
from weco_deploy.model.service import Container, ResolvedImage, ServiceView
from weco_deploy.rules.planning import plan
from weco_deploy.rules.rollout.steady_state import in_steady_state

IMAGES = ("search", "items", "cron")
SERVICES = ("search-api", "items-api", "worker")
RIGHT = {NEW, CHILD}
VERSION = ImageVersion(ref="ref.new", refs=("ref.new",), digest=NEW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A project, what was observed of it, and the images that the release has."""

    project: Project
    observed: Snapshot
    released: frozenset[str]

    def plan(self, *, force: bool = False, observed: Snapshot | None = None) -> Plan:
        """The plan of a rollback, which is made whatever is missing."""
        request = DeployRequest(
            release=replace(
                release(), images={image: VERSION if image in self.released else None for image in IMAGES}
            ),
            environment_id="stage",
            description="",
            force_redeploy=force,
            kind=Kind.ROLLBACK,
        )
        return plan(self.project, request, observed or self.observed)

    def wanted(self, service_id: str) -> set[str]:
        """The images of a service that the release has."""
        return {image for image in self.project.services.get(service_id, ()) if image in self.released}


def running(image_id: str, reported: str | None) -> Container:
    return container(reported, image=f"uk.ac.wellcome/{image_id}:env.stage", name=image_id)


# All strategies are made here, once: to make one takes longer than to draw from it.
SOME_SERVICES = st.sets(st.sampled_from(SERVICES))
SOME_IMAGES = st.sets(st.sampled_from(IMAGES), min_size=1)
USED_BY = st.lists(st.sampled_from(SERVICES), unique=True, max_size=len(SERVICES))
TAGGED = st.sampled_from([OLD, NEW, None])
CONTAINERS = st.lists(
    st.builds(running, st.sampled_from(IMAGES), st.sampled_from([NEW, NEW, NEW, CHILD, OLD, None]))
    | st.just(container(digest("x"), image="proxy:1")),
    min_size=1,
    max_size=3,
)
CONTAINERS_OF_TASKS = st.lists(CONTAINERS, max_size=3)
ROLLOUT_STATES = st.sampled_from(["COMPLETED", "COMPLETED", "IN_PROGRESS", "FAILED"])
RUNNING_OLD = st.sampled_from([0, 0, 1])
KNOWN_DIGESTS = st.dictionaries(st.sampled_from(IMAGES), st.sampled_from([NEW, OLD]), min_size=1)
RESOLVED: st.SearchStrategy[list[ResolvedImage]] = st.lists(
    st.builds(resolving, st.sampled_from([NEW, NEW, OLD, None]), image=st.sampled_from(IMAGES)), max_size=2
)


def draw_view(draw: st.DrawFn, name: str) -> ServiceView:
    """A service at rest, in the middle of a rollout, or idle, with tasks of its images and sidecars."""
    drawn = draw(CONTAINERS_OF_TASKS)
    tasks = [task(f"{name}-{place}", containers=containers) for place, containers in enumerate(drawn)]
    state = draw(ROLLOUT_STATES)
    old = draw(RUNNING_OLD)
    return view(
        service(name, running=len(tasks), deployments=[primary(OURS, state=state), active(running=old)]),
        tasks,
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    uses = {image: draw(USED_BY) for image in IMAGES}
    found = sorted(draw(SOME_SERVICES))
    return Case(
        project=project(**uses),
        released=frozenset(draw(SOME_IMAGES)),
        observed=snapshot(
            images={image: in_ecr(NEW, tagged=draw(TAGGED), children=[CHILD]) for image in IMAGES},
            services={name: draw_view(draw, name) for name in found},
            known=[noted(name, **draw(KNOWN_DIGESTS)) for name in sorted(draw(SOME_SERVICES))],
            resolved={name: draw(RESOLVED) for name in found},
        ),
    )


def reported_digests(service_view: ServiceView, wanted: set[str]) -> list[str | None]:
    """The digests that running containers of the wanted images report."""
    images = {f"{REGISTRY}/uk.ac.wellcome/{image}:env.stage" for image in wanted}
    return [
        container.digest
        for task in service_view.tasks or ()
        for container in task.containers
        if container.image in images
    ]


@given(cases())
def test_tags_that_point_elsewhere_move_and_no_others(case: Case) -> None:
    moves = {image.image_id for image in case.plan().moves}
    assert moves == {image for image in case.released if case.observed.images[image].tagged != NEW}


@given(cases())
def test_services_of_the_released_images_are_planned_once_or_left_out(case: Case) -> None:
    made = case.plan()
    planned = {service.service_id: set(service.images) for service in made.services}
    left_out: dict[str, set[str]] = {}
    for left in made.left_out:
        assert left.reason in made.warnings
        if left.kind is Part.SERVICE:
            left_out.setdefault(left.id, set()).update(left.images)
    assert {left.id for left in made.left_out if left.kind is Part.IMAGE} == set(IMAGES) - case.released
    assert len(planned) == len(made.services)
    assert planned.keys() <= case.observed.services.keys()
    assert planned.keys() | left_out.keys() == {name for name in SERVICES if case.wanted(name)}
    for name in SERVICES:
        assert planned.get(name, set()) | left_out.get(name, set()) == case.wanted(name)
        assert not planned.get(name, set()) & left_out.get(name, set())


@given(cases())
def test_planned_images_of_a_service_are_those_that_its_containers_use(case: Case) -> None:
    for planned in case.plan().services:
        (service_view,) = case.observed.services[planned.service_id]
        defined = {container.image for task in service_view.tasks or () for container in task.containers}
        used = {image for image in IMAGES if f"{REGISTRY}/uk.ac.wellcome/{image}:env.stage" in defined}
        assert not defined or set(planned.images) == used & case.wanted(planned.service_id)


@settings(max_examples=3 * settings().max_examples)
@given(cases())
def test_service_action_follows_from_the_digests_of_all_running_containers(case: Case) -> None:
    for planned in case.plan().services:
        (service_view,) = case.observed.services[planned.service_id]
        reports = reported_digests(service_view, case.wanted(planned.service_id))
        ours = service_view.service.primary
        assert ours is not None
        wrong = any(report is not None and report not in RIGHT for report in reports)
        right = bool(reports) and all(report in RIGHT for report in reports)
        if wrong or (right and ours.rollout_state == "FAILED"):
            assert planned.action is Action.REDEPLOY
        elif right:
            assert planned.action is not Action.REDEPLOY
        if planned.action is Action.LEAVE:
            assert ours.rollout_state == "COMPLETED"
            others = [deployment for deployment in service_view.service.deployments if deployment is not ours]
            assert all(deployment.running == 0 for deployment in others)


@settings(max_examples=3 * settings().max_examples)
@given(cases())
def test_service_in_steady_state_without_other_evidence_is_redeployed_unless_all_containers_match(
    case: Case,
) -> None:
    bare = replace(case.observed, resolved={}, record=replace(case.observed.record, services={}))
    for planned in case.plan(observed=bare).services:
        (service_view,) = bare.services[planned.service_id]
        reports = reported_digests(service_view, case.wanted(planned.service_id))
        fits = bool(reports) and all(report in RIGHT for report in reports)
        if in_steady_state(service_view.service):
            assert planned.action is (Action.LEAVE if fits else Action.REDEPLOY)


@given(cases())
def test_force_redeploys_every_service_that_uses_the_images(case: Case) -> None:
    made = case.plan(force=True)
    assert all(service.action is Action.REDEPLOY for service in made.services)
    assert made.moves == case.plan().moves


@given(cases())
def test_service_actions_do_not_depend_on_where_tags_point(case: Case) -> None:
    moved = {
        image: ImageView(manifest=image_view.manifest, tagged=NEW)
        for image, image_view in case.observed.images.items()
    }
    again = case.plan(observed=replace(case.observed, images=moved))
    assert again.services == case.plan().services
    assert not again.moves


@given(cases())
def test_plan_changes_nothing_once_all_of_it_runs(case: Case) -> None:
    """Running the same command again converges."""
    images = {image: in_ecr(NEW, tagged=NEW, children=[CHILD]) for image in IMAGES}
    deployed = replace(
        case.observed,
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
            for service_id in case.observed.services
            if case.wanted(service_id)
        },
    )
    again = case.plan(observed=deployed)
    assert not again.changes
    assert {service.action for service in again.services} <= {Action.LEAVE}
