"""The text that says how an image behaves."""

from __future__ import annotations

import pytest

from weco_deploy.sandbox.ecs.behaviour import Behaviour, parse


@pytest.mark.parametrize(
    ("text", "behaviour"),
    [
        ("good", Behaviour()),
        ("slow=30", Behaviour(start=30)),
        ("crash", Behaviour(exits_after=0)),
        ("crash=3", Behaviour(exits_after=0, exit_code=3)),
        ("crash-later=8,code=7", Behaviour(exits_after=8, exit_code=7)),
        ("unhealthy", Behaviour(healthy=False)),
        ("protected=600", Behaviour(protects_for=600)),
        ("unpullable", Behaviour(pullable=False, lines=())),
        ("flaky=2", Behaviour(failing_starts=2)),
        ("good,command=30,command-code=3", Behaviour(command_seconds=30, command_code=3)),
        ("good,start=1,lines=one|two, three", Behaviour(start=1, lines=("one", "two, three"))),
    ],
)
def test_a_text_names_a_behaviour(text: str, behaviour: Behaviour) -> None:
    assert parse(text) == behaviour


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bad",
        "slow",
        "slow=x",
        "slow=-1",
        "good=1",
        "crash=300",
        "flaky=x",
        "good,",
        "good,colour=red",
        "crash,code=",
    ],
)
def test_another_text_is_refused_and_told_what_there_is(text: str) -> None:
    with pytest.raises(ValueError, match="behaviours: good, slow=SECONDS"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("slow", "it needs a value, slow=SECONDS"),
        ("flaky", "it needs a value, flaky=N"),
        ("protected,start=1", "it needs a value, protected=SECONDS"),
        ("good=1", "good takes no value"),
        ("crush", "there is no behaviour 'crush'"),
    ],
)
def test_refusal_says_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(text)
