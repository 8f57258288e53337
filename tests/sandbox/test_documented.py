"""The documents and --help name every behaviour and every trouble."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from weco_deploy.cli.sandbox import start
from weco_deploy.cli.sandbox_push import push
from weco_deploy.cli.sandbox_trouble import trouble
from weco_deploy.sandbox import troubles
from weco_deploy.sandbox.ecs.behaviour import FORMS, OPTIONS
from weco_deploy.sandbox.troubles import MEANINGS

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "sandbox.md").read_text()
README = (ROOT / "README.md").read_text()
TROUBLE_FORMS = [f"{kind}=COUNT" if kind == troubles.SCALED else kind for kind in MEANINGS]


def first_column(text: str, title: str) -> list[str]:
    """The first words of the lines below a title, up to an empty line."""
    block = text.partition(f"{title}:\n")[2].partition("\n\n")[0]
    return [line.split()[0] for line in block.splitlines()]


@pytest.mark.parametrize("form", [*FORMS.values(), *OPTIONS])
def test_manual_names_every_behaviour(form: str) -> None:
    assert f"`{form}`" in MANUAL


@pytest.mark.parametrize("form", FORMS.values())
def test_readme_names_every_behaviour(form: str) -> None:
    assert f"`{form}`" in README


@pytest.mark.parametrize("form", TROUBLE_FORMS)
def test_manual_names_every_trouble(form: str) -> None:
    assert f"| `{form}` |" in MANUAL


def test_help_of_push_names_the_behaviours_that_there_are() -> None:
    text = push.help or ""
    assert first_column(text, "Behaviours") == list(FORMS.values())
    assert first_column(text, "More after commas, lines= last") == list(OPTIONS)


def test_help_of_trouble_names_the_troubles_that_there_are() -> None:
    text = trouble.help or ""
    lasting = [*troubles.LASTING, troubles.NONE]
    once = [form for form in TROUBLE_FORMS if form not in lasting]
    assert first_column(text, "Until none") == lasting
    assert first_column(text, "Once") == once


def test_manual_names_every_option_of_start_that_changes_what_is_created() -> None:
    others = {"--detach", "--port", "--dir"}
    options = {
        option.opts[0]
        for option in start.params
        if isinstance(option, click.Option) and option.opts[0] not in others
    }
    named = set(re.findall(r"`(--[a-z-]+)[` ]", MANUAL))
    assert options - named == set()
