"""The deployment circuit breaker.

It counts tasks that can't be launched, that don't reach RUNNING, and that fail a health check; never a container
that exits by itself after its task was RUNNING. The first healthy task ends the evaluation, unless failures are
to accumulate (`resetOnHealthyTask` false). The count goes on where the breaker is off: DescribeServices tells it
as `failedTasks`.
"""

from __future__ import annotations

from dataclasses import dataclass

FEWEST, MOST = 3, 200
"""The bounds of a BOUNDED_PERCENT threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRules:
    """`deploymentConfiguration.deploymentCircuitBreaker`, with AWS's defaults."""

    enabled: bool = False
    rolls_back: bool = False
    resets: bool = True
    kind: str = "BOUNDED_PERCENT"
    value: int = 50

    def threshold(self, desired: int) -> int:
        """How many failures trip the breaker of a service with so many desired tasks, as of now."""
        if self.kind == "COUNT":
            return max(1, self.value)
        part = -(-desired * self.value // 100)
        return max(1, part) if self.kind == "UNBOUNDED_PERCENT" else max(FEWEST, min(MOST, part))


@dataclass(slots=True)
class Breaker:
    """The breaker of one deployment.

    `row` counts failed starts in a row, for the growing delays between them; `failures` is what the breaker
    evaluates.
    """

    rules: BreakerRules
    failures: int = 0
    row: int = 0
    watching: bool = True
    tripped: bool = False

    def failed(self, desired: int) -> bool:
        """Count a failed task. True if that trips the breaker."""
        self.row += 1
        if not self.watching or self.tripped:
            return False
        self.failures += 1
        self.tripped = self.rules.enabled and self.failures >= self.rules.threshold(desired)
        return self.tripped

    def healthy(self) -> None:
        """Note a healthy task."""
        self.row = 0
        if self.rules.resets and not self.tripped:
            self.failures = 0
            self.watching = False

    def completed(self) -> None:
        """Note that the deployment completed: what fails later counts against nothing."""
        self.failures = self.row = 0
        self.watching = False

    @property
    def status(self) -> str:
        """As DescribeServiceDeployments tells it."""
        if not self.rules.enabled:
            return "DISABLED"
        if self.tripped:
            return "TRIGGERED"
        return "MONITORING" if self.watching else "MONITORING_COMPLETE"
