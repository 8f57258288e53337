"""Names shortened in the middle."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from weco_deploy.report.short_names import LEAST, short_names

NAMES = st.lists(st.text("abc-", min_size=1, max_size=30), max_size=30)


@given(NAMES, st.integers(0, 30))
def test_no_two_names_look_alike(names: list[str], width: int) -> None:
    short = short_names(names, width)

    assert set(short) == set(names)
    assert len(set(short.values())) == len(short)


@given(NAMES, st.integers(0, 30))
def test_names_that_fit_stay_and_others_keep_their_ends_where_they_can(names: list[str], width: int) -> None:
    for name, short in short_names(names, width).items():
        if len(name) <= width:
            assert short == name
        elif short != name:
            assert len(short) <= max(width, LEAST)
            head, _, tail = short.partition("…")
            assert name.startswith(head)
            assert name.endswith(tail)


def test_equal_middles_are_left_out() -> None:
    assert short_names(["catalogue-relation-embedder", "calm-relation-embedder"], 13) == {
        "catalogue-relation-embedder": "catalo…bedder",
        "calm-relation-embedder": "calm-r…bedder",
    }


def test_names_that_differ_in_the_middle_keep_other_parts() -> None:
    names = ["service-alpha-worker", "service-beta-worker"]

    short = short_names(names, 13)

    assert len(set(short.values())) == 2
    assert all(len(text) <= 13 for text in short.values())


def test_ellipsis_of_a_terminal_without_unicode() -> None:
    assert short_names(["catalogue-adapter"], 9, "..") == {"catalogue-adapter": "cat..pter"}
