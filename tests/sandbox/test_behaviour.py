from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weco_deploy.errors import UsageError
from weco_deploy.sandbox.behaviour import GOOD, UNPULLABLE, Behaviour, parse


@pytest.mark.parametrize(
    ("text", "behaviour"),
    [
        ("good", GOOD),
        ("good,lines=one|two", Behaviour(lines=("one", "two"))),
        ("slow=2.5", Behaviour(starts_after=2.5)),
        ("crash", Behaviour(exit_code=1)),
        ("crash=3", Behaviour(exit_code=3)),
        ("crash,after=2", Behaviour(exit_code=1, exits_after=2)),
        ("crash=0, after=0.5", Behaviour(exit_code=0, exits_after=0.5)),
        (
            "crash=137,lines=loading, please wait|killed",
            Behaviour(exit_code=137, lines=("loading, please wait", "killed")),
        ),
        ("unpullable", UNPULLABLE),
    ],
)
def test_parse_valid_text(text: str, behaviour: Behaviour) -> None:
    assert parse(text) == behaviour


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no behaviour ''"),
        ("bad", "there is no behaviour 'bad'"),
        ("good=1", "good takes no value"),
        ("good,after=1", "good takes no after"),
        ("slow", "slow needs seconds"),
        ("slow=soon", "slow needs seconds, not 'soon'"),
        ("slow=-1", "0 to 3600"),
        ("slow=nan", "0 to 3600"),
        ("crash=256", "a number from 0 to 255"),
        ("crash=-1", "a number from 0 to 255"),
        ("crash,after", "'after' has no value"),
        ("crash,when=1", "crash takes no when"),
        ("unpullable,lines=never seen", "unpullable takes no lines"),
        ("crash,", "a comma too many"),
    ],
)
def test_parse_invalid_text_is_a_usage_error_that_lists_the_behaviours(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert message in caught.value.message
    assert "crash[=CODE]" in caught.value.hint


_seconds = st.integers(0, 36000).map(lambda tenths: tenths / 10)
_line = st.text(st.characters(exclude_characters="|", exclude_categories=("C", "Z")), min_size=1)
_lines = st.lists(_line, max_size=3).map(tuple)


@given(
    st.one_of(
        st.just(UNPULLABLE),
        st.builds(Behaviour, starts_after=_seconds, lines=_lines),
        st.builds(Behaviour, exit_code=st.integers(0, 255), exits_after=_seconds, lines=_lines),
    )
)
def test_parse_of_a_behaviour_s_text_returns_the_behaviour(behaviour: Behaviour) -> None:
    assert parse(behaviour.text) == behaviour
