"""The last step of the GitHub Action: `report.py DOCUMENT EXIT_CODE` writes the outputs and a summary for people.

DOCUMENT is a file with the output of `weco-deploy --output json`. The variables GITHUB_OUTPUT and GITHUB_STEP_SUMMARY
name the files to write. Needs only Python's standard library.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Document = Mapping[str, Any]
"""The tool's JSON document, as docs/json.md describes it; hence Any."""

MEANINGS = {
    0: "done",
    1: "failed",
    2: "bad usage or bad project file",
    3: "still not done when the waiting time ended",
    4: "the environment is locked",
    130: "interrupted",
}


def outputs(document: Document, code: int) -> dict[str, str]:
    """The outputs with the result, each a single line."""
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
        ((service["service_id"], service["status"], service["reason"]) for service in deployment["services"]),
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
    container = f", container {_cell(failure['container'])}" if failure["container"] else ""
    yield f"**{_cell(service_id)}**{container}: {_cell(failure['message'])}{code}"
    yield ""
    yield from _quoted("\n".join(failure["log_lines"]))


def _plan(plan: Document) -> Iterable[str]:
    yield f"Plan for **{_cell(plan['environment'])}**: {'changes' if plan['changes'] else 'nothing to do'}"
    yield ""
    yield from _table(
        ("image", "tag", "from", "to"),
        (
            (image["image_id"], image["tag"], image["from_digest"], image["to_digest"])
            for image in plan["images"]
            if image["moves"]
        ),
    )
    yield from _table(
        ("service", "action", "why"),
        ((service["service_id"], service["action"], service["why"]) for service in plan["services"]),
    )


def _release(release: Document) -> Iterable[str]:
    yield f"Release {_cell(release['release_id'])}"
    yield ""
    yield from _table(("image", "ref"), release["images"].items())


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterable[str]:
    listed = list(rows)
    if listed:
        yield f"| {' | '.join(head)} |"
        yield f"|{'---|' * len(head)}"
        yield from (f"| {' | '.join(map(_cell, row))} |" for row in listed)
        yield ""


def _quoted(text: str) -> Iterable[str]:
    """An indented code block, so that nothing that a container printed is taken for Markdown."""
    lines = text.strip("\n").splitlines()
    return [*(f"    {line}" for line in lines), ""] if lines else []


def _cell(value: object) -> str:
    """A table cell: one line, with Markdown and HTML escaped."""
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
    all_outputs = {**outputs(document, code), "document": str(file)}
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
        output.writelines(f"{name}={value}\n" for name, value in all_outputs.items())
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as page:
        page.write(summary(document, code))


if __name__ == "__main__":
    main()
