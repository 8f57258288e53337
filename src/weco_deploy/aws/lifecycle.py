"""Reads the lifecycle policies of ECR repositories (ECR User Guide, "Lifecycle policy properties")."""

from __future__ import annotations

import json
from typing import Any

from weco_deploy.model.setup import LifecyclePolicy, LifecycleRule


def parse_policy(text: str) -> LifecyclePolicy:
    """The policy in this JSON, its rules by priority. Raises ValueError or KeyError if it is no policy."""
    rules = [_parse_rule(rule) for rule in json.loads(text)["rules"]]
    return LifecyclePolicy(text=text, rules=tuple(sorted(rules, key=lambda rule: rule.priority)))


def _parse_rule(rule: Any) -> LifecycleRule:
    selection = rule["selection"]
    return LifecycleRule(
        priority=rule["rulePriority"],
        tag_status=selection["tagStatus"],
        prefixes=tuple(selection.get("tagPrefixList", ())),
        patterns=tuple(selection.get("tagPatternList", ())),
        count_type=selection.get("countType", ""),
        count=selection.get("countNumber", 0),
        storage_class=selection.get("storageClass", "standard"),
        action=rule.get("action", {}).get("type", "expire"),
    )
