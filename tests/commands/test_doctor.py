"""`doctor` as a whole command, against the sandbox."""

from __future__ import annotations

from typing import Any

from tests.commands.team import SOON, Team


def by_id(document: Any) -> dict[str, str]:
    return {check["id"]: check["result"] for check in document["checks"]}


def test_doctor_of_a_new_project_and_after_its_first_deployment(shop: Team) -> None:
    shop.push_all()
    first = shop.run("--output", "json", "doctor")
    assert shop.run("--confirm", "release-deploy", "--environment-id", "stage", *SOON).code == 0

    after = shop.run("--output", "json", "doctor")

    assert (first.code, after.code) == (0, 0), after.out
    found = by_id(after.json)
    assert by_id(first.json)["table_billing"] == "skip"
    assert {check_id: result for check_id, result in found.items() if result != "ok"} == {
        "git": "warn",
        "table_recovery": "warn",
    }
    assert found["clock"] == found["table_billing"] == found["lifecycle"] == "ok"
