"""Writes the pages of a site into S3: `ports.SiteStore`."""

from __future__ import annotations

from weco_deploy.aws import api
from weco_deploy.aws.error_translation import code_behind, translate_errors
from weco_deploy.aws.session import Account
from weco_deploy.errors import AwsError, NotFound
from weco_deploy.model.bucket import Bucket


class S3Site:
    """`ports.SiteStore` for a bucket that the account may write to. If it is in another region, botocore finds that out."""

    def __init__(self, account: Account, bucket: Bucket) -> None:
        self._account = account
        self._bucket = bucket

    def put(self, path: str, page: str) -> None:
        try:
            with translate_errors(api.PUT_OBJECT):
                self._account.client("s3").put_object(
                    Bucket=self._bucket.name,
                    Key=self._bucket.key(path),
                    Body=page.encode("utf-8", "replace"),
                    ContentType="text/html; charset=utf-8",
                    CacheControl="no-cache",  # else browsers and CDNs would go on showing the page before
                )
        except AwsError as error:
            if code_behind(error) == "NoSuchBucket":
                raise NotFound(
                    f"there is no bucket {self._bucket.name}", "create it, or name another"
                ) from error
            raise
