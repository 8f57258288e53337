"""The project that the screenshots show: 40 images, 120 services, and a git history with the commits of the images."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

IMAGES = (
    "accounts", "basket", "billing", "catalogue", "checkout", "comments", "contacts", "coupons",
    "delivery", "discounts", "events", "exports", "feeds", "forms", "gateway", "images",
    "imports", "invoices", "ledger", "letters", "loyalty", "media", "menus", "messages",
    "orders", "pages", "payments", "pickers", "prices", "profiles", "ratings", "receipts",
    "refunds", "reports", "returns", "search", "sessions", "stock", "taxes", "wishlists",
)  # fmt: skip
ROLES = ("api", "worker", "indexer")
SUBJECTS = (
    ("Show delivery times at the checkout (#412)", "Ada"),
    ("Merge pull request #415 from rounding", "Sam"),
    ("Round taxes once, at the end of an invoice (#415)", "Sam"),
    ('Revert "Cache prices for an hour"', "Kim"),
    ("Find orders by the last digits of a card (#418)", "Ada"),
    ("Keep the basket after signing in (#421)", "Kim"),
    ("Send receipts as plain text, too (#422)", "Lou"),
    ("Retry refunds that the bank did not answer (#427)", "Lou"),
)


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository in a directory, with the project file."""

    directory: Path
    images: tuple[str, ...] = IMAGES
    roles: tuple[str, ...] = ROLES

    def create(self) -> None:
        """Make it, with a first commit."""
        project = {
            "name": "Bookshop",
            "branch": "main",
            "region_name": "eu-west-1",
            "environments": [{"id": "stage", "name": "Staging"}, {"id": "prod", "name": "Production"}],
            "image_repositories": [
                {"id": image, "services": [{"id": f"{image}-{role}"} for role in self.roles]}
                for image in self.images
            ],
        }
        file = self.directory / ".wellcome_project"
        file.write_text(json.dumps({"bookshop": project}, indent=2), encoding="utf-8")
        self._git("init", "--quiet", "--initial-branch", "main")
        self._git("init", "--quiet", "--bare", ".remote")
        self._git("remote", "add", "origin", str(self.directory / ".remote"))
        self.commit("Open the shop", "Ada")

    def commit(self, subject: str, author: str) -> str:
        """Make a commit, push it to the remote, and return its id."""
        who = f"{author} <{author.lower()}@shop.example>"
        self._git("add", ".wellcome_project")
        self._git("commit", "--quiet", "--allow-empty", "--message", subject, "--author", who)
        self._git("push", "--quiet", "origin", "main")
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@shop.example", "-c", "commit.gpgsign=false")
        return subprocess.run(
            ["git", *identity, *arguments], cwd=self.directory, check=True, capture_output=True, text=True
        ).stdout.strip()
