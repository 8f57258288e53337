"""What needs attention, in sections: the sentences below the tables of `status`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from weco_deploy.model.status import Status
from weco_deploy.report.page import BAD_STYLE, BOLD, DIM, WARNING_STYLE
from weco_deploy.report.screen import FILE, Screen
from weco_deploy.report.status_sentences import (
    crashed_sentences,
    drift_sentences,
    known_bad_sentences,
    lock_sentences,
    progress_sentences,
    service_sentences,
    waiting_sentence,
)
from weco_deploy.report.untrusted import one_line


class Section(NamedTuple):
    """Sentences of one kind, which may be none. `style` is one of `report/page.py`."""

    heading: str
    style: str
    sentences: Sequence[str]


def all_sections(status: Status, screen: Screen = FILE) -> Iterator[Section]:
    """The sections, the most serious first, with times as `screen` shows them."""
    states, at = status.readable, status.at
    unread = {id_: [error.message] for id_, error in status.errors.items()}
    drifted = {id_: drift_sentences(state) for id_, state in states.items()}
    troubled = {id_: service_sentences(state, at) for id_, state in states.items()}
    progress = {id_: progress_sentences(state, at) for id_, state in states.items()}
    locks = {id_: lock_sentences(state, screen) for id_, state in states.items()}
    crashed = {id_: crashed_sentences(state, at) for id_, state in states.items()}
    bad = {id_: known_bad_sentences(state, screen) for id_, state in states.items()}
    refused = [waiting_sentence(waits) for waits in status.waiting if waits.refused]
    yield Section("Can't be read", BAD_STYLE, _lines(unread))
    yield Section("Drifted", BAD_STYLE, _lines(drifted))
    yield Section("Services", BAD_STYLE, _lines(troubled))
    yield Section("In progress", WARNING_STYLE, _lines(progress))
    yield Section("Locked", WARNING_STYLE, _lines(locks))
    yield Section(
        "To promote", BOLD, [waiting_sentence(waits) for waits in status.waiting if not waits.refused]
    )
    yield Section("Can't be promoted", WARNING_STYLE, refused)
    yield Section("Crashed lately", WARNING_STYLE, _lines(crashed))
    yield Section("Known bad", WARNING_STYLE, _lines(bad))
    yield Section("Notes", DIM, _lines({id_: state.notes for id_, state in states.items()}))


def _lines(sentences: Mapping[str, Iterable[str]]) -> list[str]:
    """The sentences, each with the id of its environment."""
    return [
        f"{one_line(id_)}: {one_line(sentence)}"
        for id_, of_environment in sentences.items()
        for sentence in of_environment
    ]
