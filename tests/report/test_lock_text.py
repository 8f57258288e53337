from __future__ import annotations

from dataclasses import replace

from tests.report.samples import DEPLOYMENT_ID, NOON
from weco_deploy.model.environment import Lock
from weco_deploy.model.requests import DEFAULT_DESCRIPTION
from weco_deploy.report.lock_text import lock_text, unlocked_text
from weco_deploy.report.screen import Screen

LOCK = Lock(owner="token", holder="ada", reason="an audit", since=NOON)
OF_A_DEPLOYMENT = replace(LOCK, holder="ben", reason="Weekly release", deployment_id=DEPLOYMENT_ID)


def test_lock_shows_reason_holder_and_how_to_unlock() -> None:
    assert lock_text("prod", LOCK, None, Screen(), ("-i", "shop")) == (
        """\
prod is locked: an audit
  by ada, 2026-03-04 12:00 UTC
No deployment begins there until:
  weco-deploy -i shop unlock --environment-id prod
"""
    )


def test_lock_that_waits_for_a_deployment_names_it() -> None:
    assert lock_text("prod", LOCK, OF_A_DEPLOYMENT, Screen()) == (
        """\
prod will be locked once the deployment that goes on there has ended: an audit
  it goes on: deployment 45c48cce of ben
  by ada, 2026-03-04 12:00 UTC
No deployment begins there until:
  weco-deploy unlock --environment-id prod
"""
    )


def test_released_lock_shows_its_holder() -> None:
    assert unlocked_text("prod", LOCK, Screen()) == (
        "The lock of prod is released: an audit\n  it was taken by hand by ada, 2026-03-04 12:00 UTC\n"
    )
    assert "taken for deployment 45c48cce by ben" in unlocked_text("prod", OF_A_DEPLOYMENT, Screen())


def test_lock_of_a_build_names_it() -> None:
    by_build = replace(OF_A_DEPLOYMENT, build_url="https://ci/7")
    assert "\n  build https://ci/7\n" in lock_text("prod", LOCK, by_build, Screen())
    assert "\n  build https://ci/7\n" in unlocked_text("prod", by_build, Screen())


def test_released_lock_without_a_reason_gives_none() -> None:
    for reason in ("", DEFAULT_DESCRIPTION):
        released = unlocked_text("prod", replace(OF_A_DEPLOYMENT, reason=reason), Screen())
        assert released.startswith("The lock of prod is released\n")


def test_lock_without_a_reason_says_so() -> None:
    assert "prod is locked: no reason given" in lock_text("prod", replace(LOCK, reason=""), None, Screen())


def test_lock_text_has_no_terminal_escapes() -> None:
    nasty = replace(LOCK, holder="a\x1b[2Jda", reason="\x1b]0;title\x07x\ny")
    for text in (lock_text("prod", nasty, nasty, Screen()), unlocked_text("prod", nasty, Screen())):
        assert "\x1b" not in text
        assert "x y" in text
