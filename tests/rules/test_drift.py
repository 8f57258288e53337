"""Drift: which of the sources differ from what was deployed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from weco_deploy.model.image import Manifest
from weco_deploy.model.status import Source, Version
from weco_deploy.rules.drift import ImageEvidence, ServiceEvidence, drifts, tagged_digest

DIGESTS = st.sampled_from(["sha256:a", "sha256:b", "sha256:c"])
SERVICES = st.lists(
    st.builds(
        ServiceEvidence,
        service_id=st.sampled_from(["api", "worker", "cron"]),
        resolved=st.none() | DIGESTS,
        running=st.dictionaries(DIGESTS, st.integers(1, 5)),
    ),
    max_size=3,
    unique_by=lambda service: service.service_id,
).map(tuple)
EVIDENCE = st.builds(
    ImageEvidence,
    image_id=st.just("search"),
    recorded=st.none() | DIGESTS,
    tagged=st.none() | DIGESTS,
    coming=st.none() | DIGESTS,
    services=SERVICES,
)
NAMES = {"sha256:a": "aaaaaaa", "sha256:b": "bbbbbbb"}


def sources(evidence: ImageEvidence) -> set[str | None]:
    """Everything that the tag, ECS's deployments and the tasks say."""
    found: set[str | None] = {evidence.tagged}
    for service in evidence.services:
        found |= {*service.running, *({service.resolved} if service.resolved else set())}
    return found


@given(EVIDENCE)
def test_nothing_drifted_exactly_if_every_source_has_a_right_version(evidence: ImageEvidence) -> None:
    expected = evidence.recorded or evidence.tagged
    right = {digest for digest in (expected, evidence.coming) if digest is not None}

    assert bool(drifts(evidence, {})) == (expected is not None and not sources(evidence) <= right)


@given(EVIDENCE)
def test_each_wrong_version_is_said_once_of_the_tag_and_of_each_service(evidence: ImageEvidence) -> None:
    found = drifts(evidence, NAMES)

    assert len({(drift.service_id, drift.found) for drift in found}) == len(found)
    for drift in found:
        assert drift.found is None or drift.found.digest not in {drift.expected.digest, evidence.coming}
        assert (drift.service_id is None) == (drift.source is Source.TAG)
        assert drift.recorded == (evidence.recorded is not None)
        assert drift.found is None or drift.found.commit == NAMES.get(drift.found.digest)


@given(EVIDENCE)
def test_a_tag_drifts_only_from_a_record(evidence: ImageEvidence) -> None:
    tags = [drift for drift in drifts(evidence, {}) if drift.source is Source.TAG]

    assert not tags or evidence.recorded is not None


def test_tasks_that_run_an_old_version_are_counted() -> None:
    service = ServiceEvidence(service_id="api", running={"sha256:a": 1, "sha256:b": 2})
    evidence = ImageEvidence(image_id="search", recorded="sha256:b", tagged="sha256:b", services=(service,))

    (drift,) = drifts(evidence, NAMES)

    assert (drift.source, drift.found, drift.tasks, drift.all_tasks) == (
        Source.RUNNING,
        Version("sha256:a", "aaaaaaa"),
        1,
        3,
    )


def test_resolved_version_is_not_said_again_where_tasks_run_it() -> None:
    services = (
        ServiceEvidence(service_id="api", running={"sha256:a": 1}, resolved="sha256:a"),
        ServiceEvidence(service_id="worker", resolved="sha256:a"),
    )
    evidence = ImageEvidence(image_id="search", recorded="sha256:b", tagged="sha256:b", services=services)

    assert [(drift.source, drift.service_id) for drift in drifts(evidence, {})] == [
        (Source.RUNNING, "api"),
        (Source.ECS_DEPLOYMENT, "worker"),
    ]


def test_child_of_an_index_counts_as_the_index_preferably_the_expected_one() -> None:
    first, second = (
        Manifest(digest=digest, media_type="index", body="", children=("sha256:child",))
        for digest in ("sha256:first", "sha256:second")
    )
    manifests = {manifest.digest: manifest for manifest in (first, second)}

    assert tagged_digest("sha256:child", ("sha256:second",), manifests) == "sha256:second"
    assert tagged_digest("sha256:child", (None, "sha256:other"), manifests) == "sha256:first"
    assert tagged_digest("sha256:second", ("sha256:first",), manifests) == "sha256:second"
    assert tagged_digest("sha256:stranger", ("sha256:first",), manifests) == "sha256:stranger"
