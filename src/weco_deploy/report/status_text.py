"""The text of `status`: what runs where, and below it what needs attention.

On a terminal it fits the screen if it can: what is in order is a count. In a file or pipe it is complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from weco_deploy.errors import DeployError
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.status import EnvironmentStatus, ImageStatus, Status
from weco_deploy.report.page import BAD_STYLE, DIM, GOOD_STYLE, WARNING_STYLE, Page
from weco_deploy.report.screen import Screen, Symbols
from weco_deploy.report.short_names import short_names
from weco_deploy.report.status_sections import all_sections
from weco_deploy.report.status_sentences import distinct_name, state_words
from weco_deploy.report.table import Cell, Column, Styled
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import age, brief_age, count, person, short_id

_GAP = 2
_LONGEST_PERSON = 16
_NAME_WIDTH = 16
"""Image names are not shortened to less than this, as long as leaving out ages helps."""
_MOST = (5, 3, 2, 1)
"""How many sentences a section has on a terminal, depending on how many lines there are."""
_FEWEST_LINES = 6
"""Lines of the table of images, also if the rest fills the screen."""
_PROMPT = 1
"""Lines of the screen that are left for the shell's prompt."""


def status_text(status: Status, screen: Screen, *, everything: bool = False) -> str:
    """The environments, the images in them, and what needs attention. `everything` lists what is in order, too."""
    top = Page(screen)
    _environments(top, status, screen)
    if not screen.terminal or everything or screen.height is None:
        _images(top, status, screen, None)
        return top.text() + _sections(status, screen, None)
    lines = screen.height - _PROMPT - top.text().count("\n")
    # As many sentences of each section as leave the table of images enough lines.
    sections = [_sections(status, screen, most) for most in _MOST]
    bottom = next((text for text in sections if text.count("\n") + _FEWEST_LINES <= lines), sections[-1])
    _images(top, status, screen, max(_FEWEST_LINES, lines - bottom.count("\n")))
    return top.text() + bottom


# Environments


def _environments(page: Page, status: Status, screen: Screen) -> None:
    columns = (
        Column("environment"),
        Column("release"),
        Column("deployed"),
        Column("by"),
        Column("state", 20, prose=True, below=True),
    )
    rows = [
        _unread(id_, screen.symbols)
        if isinstance(found, DeployError)
        else _environment(found, status, screen)
        for id_, found in status.environments.items()
    ]
    page.table(columns, rows, indent=0)


def _unread(environment: str, symbols: Symbols) -> tuple[Cell, ...]:
    state = Styled("can't be read", BAD_STYLE)
    return Styled(f"{symbols.bad} {one_line(environment)}", BAD_STYLE), "", "", "", state


def _environment(state: EnvironmentStatus, status: Status, screen: Screen) -> tuple[Cell, ...]:
    symbols, deployment = screen.symbols, state.deployment
    name = one_line(state.environment)
    if not state.in_sync or state.down:
        marked = Styled(f"{symbols.bad} {name}", BAD_STYLE)
    elif state.in_progress or state.unfinished:
        marked = Styled(f"{symbols.moving} {name}", WARNING_STYLE)
    else:
        marked = Styled(f"{symbols.good} {name}", GOOD_STYLE)
    if deployment is None:
        return marked, "", "nothing yet", "", _state_words(state)
    failed = deployment.status not in (
        DeploymentStatus.SUCCEEDED,
        DeploymentStatus.UNVERIFIED,
        DeploymentStatus.IN_PROGRESS,
    )
    release = short_id(deployment.release_id)
    by = person(deployment.requested_by)
    return (
        marked,
        Styled(f"{release} {deployment.status.value}", WARNING_STYLE) if failed else release,
        f"{age(status.at - (deployment.date_finished or deployment.date_created))} ago",
        _short(by, _LONGEST_PERSON, screen) if screen.terminal else by,
        _state_words(state),
    )


def _state_words(state: EnvironmentStatus) -> Cell:
    return Styled(state_words(state), BAD_STYLE if state.drifts or state.down else "")


def _short(name: str, width: int, screen: Screen) -> str:
    return short_names([name], width, _ellipsis(screen))[name]


def _ellipsis(screen: Screen) -> str:
    return screen.symbols.moving


# Images


def _images(page: Page, status: Status, screen: Screen, room: int | None) -> None:
    """A row for each image; within `room` lines only those of most interest. None: all of them."""
    states = status.readable
    rows = _rows(states)
    if not rows or not states:
        return
    notable = [image_id for image_id in rows if _is_notable(image_id, rows, states)]
    listed = list(rows)
    if room is not None and len(rows) + 2 > room:
        drifted = {drift.image_id for state in states.values() for drift in state.drifts}
        first = sorted(notable, key=lambda image_id: image_id not in drifted)
        if len(status.environments) == 1:  # there is nothing to compare with: what changed last comes first
            rest = [image_id for image_id in rows if image_id not in first]
            first += sorted(rest, key=lambda image_id: _deployed_last(rows[image_id]), reverse=True)
        # Three lines: an empty one, the headings, and the count of the rest.
        listed = first[: max(0, room - 3)]
    page.line()
    if listed:
        _image_table(page, listed, rows, status, screen)
    rest = [image_id for image_id in rows if image_id not in listed]
    differing = sum(image_id in notable for image_id in rest)
    same = len(rest) - differing
    words = [f"{differing} more differ"] if differing else []
    everywhere = "" if len(status.environments) == 1 else " the same everywhere"
    words += (
        [f"{count(same, 'more image' if listed and not everywhere else 'image')}{everywhere}, in sync"]
        if same
        else []
    )
    if words:
        page.line(f"{'; '.join(words)} (--verbose lists all)", DIM, indent=2)


def _rows(states: Mapping[str, EnvironmentStatus]) -> dict[str, dict[str, ImageStatus]]:
    """By image id and environment id."""
    rows: dict[str, dict[str, ImageStatus]] = {}
    for id_, state in states.items():
        for image in state.images:
            rows.setdefault(image.image_id, {})[id_] = image
    return rows


def _deployed_last(images: Mapping[str, ImageStatus]) -> datetime:
    """When an image was deployed last; the earliest time if that was too long ago to be known."""
    known = [image.since for image in images.values() if image.since and not image.or_earlier]
    return max(known, default=datetime.min.replace(tzinfo=UTC))


def _is_notable(
    image_id: str, rows: Mapping[str, Mapping[str, ImageStatus]], states: Mapping[str, EnvironmentStatus]
) -> bool:
    """Whether it drifted somewhere, or the environments have different versions."""
    drifted = any(drift.image_id == image_id for state in states.values() for drift in state.drifts)
    return drifted or len({image.shown for image in rows[image_id].values()}) > 1


def _image_table(
    page: Page,
    listed: Sequence[str],
    rows: Mapping[str, Mapping[str, ImageStatus]],
    status: Status,
    screen: Screen,
) -> None:
    environments = list(status.environments)
    cells = _cells(listed, rows, status, screen, ages=True)
    if _name_width(cells.values(), environments, screen) < _NAME_WIDTH:
        cells = _cells(listed, rows, status, screen, ages=False)
    width = _name_width(cells.values(), environments, screen)
    names = {image_id: one_line(image_id) for image_id in listed}
    short = short_names(names.values(), max(width, 0), _ellipsis(screen)) if screen.terminal else {}
    page.table(
        [Column("image"), *(Column(one_line(id_)) for id_ in environments)],
        [(short.get(names[image_id], names[image_id]), *cells[image_id]) for image_id in listed],
    )


def _cells(
    listed: Sequence[str],
    rows: Mapping[str, Mapping[str, ImageStatus]],
    status: Status,
    screen: Screen,
    *,
    ages: bool,
) -> dict[str, list[Styled]]:
    return {
        image_id: [_image_cell(rows[image_id], id_, status, screen, ages=ages) for id_ in status.environments]
        for image_id in listed
    }


def _name_width(cells: Iterable[Sequence[Styled]], environments: Sequence[str], screen: Screen) -> int:
    """How wide the column of names may be."""
    widths = [len(one_line(id_)) for id_ in environments]
    for row in cells:
        widths = [max(width, len(cell.text)) for width, cell in zip(widths, row, strict=True)]
    return screen.width - 2 - sum(widths) - _GAP * len(widths)


def _image_cell(
    images: Mapping[str, ImageStatus], environment: str, status: Status, screen: Screen, *, ages: bool
) -> Styled:
    """The version, its age and a mark for drift."""
    state, symbols = status.readable.get(environment), screen.symbols
    if state is None:
        return Styled("?", DIM)
    image = images[environment]
    drifted = any(drift.image_id == image.image_id for drift in state.drifts)
    if image.shown is None:
        return Styled(symbols.bad if drifted else symbols.quiet, BAD_STYLE if drifted else DIM)
    since = f"{'>' if image.or_earlier else ''}{brief_age(status.at - image.since)}" if image.since else ""
    words = [distinct_name(image.shown, environment, images), since if ages else ""]
    words += [symbols.bad] if drifted else []
    return Styled(" ".join(filter(None, words)), BAD_STYLE if drifted else "")


# What needs attention


def _sections(status: Status, screen: Screen, most: int | None) -> str:
    """The sections, with at most so many sentences each. With a limit there are no empty lines between them."""
    page = Page(screen)
    first = True
    for heading, style, sentences in all_sections(status, screen):
        if not sentences:
            continue
        if first or most is None:
            page.line()
        first = False
        if len(sentences) == 1:
            page.line(f"{heading}: {sentences[0]}", style)
            continue
        page.line(f"{heading} ({len(sentences)}):", style)
        # The line that counts the rest would have room for one more.
        shown = sentences[:most] if most is not None and len(sentences) > most + 1 else sentences
        for sentence in shown:
            page.line(sentence, indent=2)
        if len(shown) < len(sentences):
            page.line(f"and {len(sentences) - len(shown)} more (--verbose lists all)", DIM, indent=2)
    return page.text()
