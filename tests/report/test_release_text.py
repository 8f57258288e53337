from __future__ import annotations

from tests.report.samples import EARLIER_ID, digest, later, release, version
from weco_deploy.model.release import ImageVersion
from weco_deploy.model.results import PreparedRelease, ReleaseDifference
from weco_deploy.report.release_text import difference_text, prepared_text
from weco_deploy.report.screen import Screen

B = "b" * 40
EARLIER = release(
    {"search": version("a"), "items": version("c"), "old": version("f")},
    EARLIER_ID,
    description="The one before",
)


def test_prepared_release_shows_its_changes() -> None:
    new = release(
        {"search": version("b"), "items": version("c"), "works": version("e"), "concepts": None},
        made=later(90),
    )
    prepared = PreparedRelease(release=new, previous=EARLIER, subjects={B: "Fix [bold]the search"})
    assert prepared_text(prepared, Screen()) == (
        """\
Release 8f14e45f-ceea-467f-a6fa-0123456789ab of Catalogue API, from latest
  2026-03-04 12:01 UTC by ada: Weekly release
  before it: c9f0f895 of 2026-03-04 12:00 UTC: The one before

  image   before   now      what the new one is about
  search  aaaaaaa  bbbbbbb  Fix [bold]the search
  works   -        eeeeeee
  old     fffffff  -        not in this one
Unchanged: 1
No image labelled latest, so not in this release (1): concepts
"""
    )


def test_updated_release_does_not_say_of_images_that_it_did_not_look_up_that_they_lack_the_label() -> None:
    new = release({"search": version("b"), "concepts": None})
    prepared = PreparedRelease(release=new, previous=EARLIER, copies_previous=True)
    assert "Not in the release before, so not in this release (1): concepts" in prepared_text(
        prepared, Screen()
    )


def test_unsaved_first_release() -> None:
    prepared = PreparedRelease(release=release({"search": version("b")}, release_id=""), previous=None)
    assert prepared_text(prepared, Screen()) == (
        """\
Release (dry run: not saved) of Catalogue API, from latest
  2026-03-04 12:00 UTC by ada: Weekly release
  the first release of this project

  image   before  now
  search  -       bbbbbbb
"""
    )


def test_release_equal_to_the_previous_one_says_so() -> None:
    prepared = PreparedRelease(release=release(), previous=release(release_id=EARLIER_ID))
    assert prepared_text(prepared, Screen()).endswith("\nNo image changed.\nUnchanged: 2\n")
    named = prepared_text(prepared, Screen(), unchanged=True)
    assert named.endswith("\nNo image changed.\nUnchanged (2): search, items\n")


def test_5x_image_without_a_digest_is_compared_by_its_ref() -> None:
    old = release({"search": ImageVersion(ref=f"ref.{B}")}, EARLIER_ID)
    prepared = PreparedRelease(release=release({"search": version("b")}), previous=old)
    assert "Unchanged: 1" in prepared_text(prepared, Screen())


def test_same_commit_built_again_is_a_change() -> None:
    again = ImageVersion(ref=f"ref.{B}", digest=digest("d"))
    difference = ReleaseDifference(
        release=release(), base=EARLIER, images={"search": (version("b"), again)}, subjects={B: "Fix it"}
    )
    assert difference_text(difference, Screen()) == (
        """\
Release 8f14e45f of 2026-03-04 12:00 UTC: Weekly release
  compared with c9f0f895 of 2026-03-04 12:00 UTC: The one before

  image   before   now                       what the new one is about
  search  bbbbbbb  another build of bbbbbbb  Fix it
"""
    )
