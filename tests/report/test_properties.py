"""Any text from AWS, records and people can be rendered."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from tests.report.samples import NOON
from tests.report.story import Watch
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.events import Settled
from weco_deploy.model.plan import Plan
from weco_deploy.model.release import Release
from weco_deploy.model.results import PreparedRelease
from weco_deploy.report.deployment_text import deployment_text
from weco_deploy.report.documents import deployment_document, json_text, plan_document, release_document
from weco_deploy.report.history_text import deployments_text, releases_text
from weco_deploy.report.page import Page
from weco_deploy.report.plain import PlainProgress
from weco_deploy.report.plan_text import plan_text
from weco_deploy.report.release_text import prepared_text
from weco_deploy.report.screen import Screen
from weco_deploy.report.table import Column

WORDS = st.one_of(
    st.text(st.characters(), max_size=30),
    st.text(alphabet=st.sampled_from("a\x1b[]0;m\x07\r\n\t\u202e\ud800日:"), max_size=30),
    st.sampled_from(["sha256:" + "a" * 64, "ref." + "b" * 40, "[bold]x[/bold]", "x" * 150]),
)
st.register_type_strategy(str, WORDS)
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))

RELEASES = st.from_type(Release)
PLANS = st.from_type(Plan)
WITHOUT_ROLLBACK = st.builds(Deployment, rollback=st.none())
DEPLOYMENTS = st.builds(Deployment, rollback=st.none() | WITHOUT_ROLLBACK)
SCREENS = st.builds(
    Screen,
    width=st.integers(20, 200),
    terminal=st.booleans(),
    encoding=st.sampled_from(["utf-8", "ascii", "latin-1", "cp1252"]),
)


def check(text: str, screen: Screen, commands: int = 0) -> None:
    """Check that the text can be encoded, has no escapes, and that only commands are wider than the terminal."""
    text.encode(screen.encoding)
    shown = Text.from_ansi(text).plain if screen.terminal else text
    assert "\x1b" not in shown
    if screen.terminal:
        wide = [line for line in shown.splitlines() if cell_len(line) > screen.width]
        assert len(wide) <= commands
        assert all(line.startswith("    weco-deploy ") for line in wide)


@given(DEPLOYMENTS, SCREENS)
def test_any_deployment_is_rendered(deployment: Deployment, screen: Screen) -> None:
    check(deployment_text(deployment, screen), screen, commands=2)
    check(deployments_text((deployment, deployment), screen, NOON), screen)
    document = deployment_document(deployment)
    assert json.loads(json_text(document)) == document


@given(PLANS, SCREENS)
def test_any_plan_is_rendered(plan: Plan, screen: Screen) -> None:
    check(plan_text(plan, screen), screen)
    document = plan_document(plan)
    assert json.loads(json_text(document)) == document


@given(RELEASES, st.none() | RELEASES, SCREENS)
def test_any_release_is_rendered(release: Release, previous: Release | None, screen: Screen) -> None:
    check(prepared_text(PreparedRelease(release=release, previous=previous), screen), screen)
    check(releases_text((release, release), screen, NOON), screen)
    document = release_document(release)
    assert json.loads(json_text(document)) == document


@given(DEPLOYMENTS)
def test_any_deployment_is_one_line_of_plain_progress(deployment: Deployment) -> None:
    stream = io.StringIO()
    PlainProgress(stream, Watch())(Settled(deployment))
    assert len(stream.getvalue().splitlines()) == 1


@pytest.mark.parametrize("wide", ["\ufe0f", "\u0301", "\U000e0061"])
def test_characters_that_the_encoding_lacks_make_no_line_too_wide(wide: str) -> None:
    """Their place is taken by `?`, which is wider than they are."""
    screen = Screen(width=40, terminal=True, encoding="latin-1")
    page = Page(screen)
    page.table((Column("name", 8), Column("value")), [(f"n{wide}" * 30, f"v{wide}" * 9)])
    page.line(f"l{wide}" * 39)

    check(page.text(), screen)
