"""The rollouts of `web-api` that are recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Meanwhile = Literal["nothing", "somebody else redeploys", "somebody scales it to nothing"]
Ending = Literal["at rest", "five tasks of it stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A rollout. `behaviour` is that of the pushed image, which runs `already` or is new.

    `meanwhile` happens once a task of the new deployment is listed.
    """

    behaviour: str = "good"
    multi_arch: bool = False
    already: bool = False
    breaker: bool = True
    rolls_back: bool = True
    meanwhile: Meanwhile = "nothing"
    ending: Ending = "at rest"


SCENARIOS = {
    "good": Scenario(),
    "slow": Scenario(behaviour="slow=3"),
    "multi_arch": Scenario(multi_arch=True),
    "redeployed_as_it_was": Scenario(behaviour="slow=3", already=True),
    "crash": Scenario(behaviour="crash=3"),
    "crash_without_rollback": Scenario(behaviour="crash=3", rolls_back=False),
    "crash_without_breaker": Scenario(
        behaviour="crash=3,after=0.6", breaker=False, rolls_back=False, ending="five tasks of it stopped"
    ),
    "unpullable": Scenario(behaviour="unpullable"),
    "redeployed_by_somebody": Scenario(behaviour="slow=3", meanwhile="somebody else redeploys"),
    "scaled_to_nothing": Scenario(behaviour="slow=3", meanwhile="somebody scales it to nothing"),
}
