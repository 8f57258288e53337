"""What the GitHub Action answers: `report.py DOCUMENT EXIT_CODE` writes its outputs, and a summary for people.

DOCUMENT is the file with what `weco-deploy --output json` printed; the files to write to are named by GITHUB_OUTPUT and
GITHUB_STEP_SUMMARY. It needs Python alone.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Document = Mapping[str, Any]
"""The tool's JSON. Any: it is read as docs/json.md has it."""

MEANINGS = {
    0: "done",
    1: "failed",
    2: "bad usage or bad project file",
    3: "still not done when the waiting time ended",
    4: "the environment is locked",
    130: "interrupted",
}


def outputs(document: Document, code: int) -> dict[str, str]:
    """The outputs that tell what came of it, each a single line."""
    deployment = document.get("deployment") or {}
    release = document.get("release") or {}
    error = document.get("error") or {}
    return {
        "exit-code": str(code),
        "status": deployment.get("status") or error.get("code") or "",
        "release-id": deployment.get("release_id") or release.get("release_id") or "",
        "deployment-id": deployment.get("deployment_id") or "",
    }


def summary(document: Document, code: int) -> str:
    """Markdown for the summary of the run."""
    return "\n".join(
        (f"### weco-deploy: {MEANINGS.get(code, f'exit code {code}')}", "", *_body(document), "")
    )


def _body(document: Document) -> Iterable[str]:
    if "deployment" in document:
        return _deployment(document["deployment"])
    if "plan" in document:
        return _plan(document["plan"])
    if "release" in document:
        return _release(document["release"])
    if "error" in document:
        return _quoted(f"{document['error']['message']}\n{document['error']['hint'] or ''}")
    return ()


def _deployment(deployment: Document) -> Iterable[str]:
    yield (
        f"Release {_cell(deployment['release_id'])} to **{_cell(deployment['environment'])}**: "
        f"**{_cell(deployment['status'])}**"
    )
    yield ""
    yield from _table(
        ("image", "from", "to", "tag moved"),
        (
            (
                name,
                image["from_ref"] or image["from_digest"],
                image["to_ref"] or image["to_digest"],
                image["tag_moved"],
            )
            for name, image in deployment["images"].items()
        ),
    )
    yield from _table(
        ("service", "status", "reason"),
        ((each["service_id"], each["status"], each["reason"]) for each in deployment["services"]),
    )
    for service in deployment["services"]:
        for failure in service["failures"]:
            yield from _failure(service["service_id"], failure)
    if deployment["rollback"]:
        yield "#### Rolled back"
        yield ""
        yield from _deployment(deployment["rollback"])


def _failure(service_id: str, failure: Document) -> Iterable[str]:
    code = "" if failure["exit_code"] is None else f", exit code {failure['exit_code']}"
    yield f"**{_cell(service_id)}**: {_cell(failure['message'])}{code}"
    yield ""
    yield from _quoted("\n".join(failure["log_lines"]))


def _plan(plan: Document) -> Iterable[str]:
    yield f"Plan for **{_cell(plan['environment'])}**: {'changes' if plan['changes'] else 'nothing to do'}"
    yield ""
    yield from _table(
        ("image", "tag", "from", "to"),
        (
            (each["image_id"], each["tag"], each["from_digest"], each["to_digest"])
            for each in plan["images"]
            if each["moves"]
        ),
    )
    yield from _table(
        ("service", "action", "why"),
        ((each["service_id"], each["action"], each["why"]) for each in plan["services"]),
    )


def _release(release: Document) -> Iterable[str]:
    yield f"Release {_cell(release['release_id'])}"
    yield ""
    yield from _table(("image", "ref"), release["images"].items())


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterable[str]:
    kept = list(rows)
    if kept:
        yield f"| {' | '.join(head)} |"
        yield f"|{'---|' * len(head)}"
        yield from (f"| {' | '.join(map(_cell, row))} |" for row in kept)
        yield ""


def _quoted(text: str) -> Iterable[str]:
    """As code, indented: nothing in it is Markdown, whatever a container has printed."""
    lines = text.strip("\n").splitlines()
    return [*(f"    {line}" for line in lines), ""] if lines else []


def _cell(value: object) -> str:
    """On one line, with nothing in it that Markdown or HTML would take for its own."""
    text = (
        "–" if value is None else {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    )
    flat = " ".join(text.split())
    for mark in "\\`*_[]|#":
        flat = flat.replace(mark, f"\\{mark}")
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def main() -> None:
    file, code = Path(sys.argv[1]), int(sys.argv[2])
    text = file.read_text(encoding="utf-8")
    document: Document = json.loads(text) if text.strip() else {}
    told = {**outputs(document, code), "document": str(file)}
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
        output.writelines(f"{name}={value}\n" for name, value in told.items())
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as page:
        page.write(summary(document, code))


if __name__ == "__main__":
    main()
