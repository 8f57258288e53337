"""The image registry: ECR.

A tag is moved by putting the very bytes of a manifest again under the tag. ECR compares nothing and
swaps nothing: who moves tags must hold the environment's lock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from weco_deploy.aws.error_translation import code_behind, told
from weco_deploy.aws.session import Account
from weco_deploy.aws.times import utc
from weco_deploy.errors import AwsError, NotFound, PlanRefused
from weco_deploy.model.image import INDEXES, MANIFESTS, ImageView, Manifest, Repository, TaggedImage

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import (
        ImageDetailTypeDef,
        ImageFailureTypeDef,
        ImageIdentifierTypeDef,
        ImageTypeDef,
        RepositoryTypeDef,
    )

MEDIA_TYPES = (*MANIFESTS, *INDEXES)
"""All that ECR holds: an image of a type left out would be answered translated, under another digest."""

REPOSITORIES_A_CALL = 100


class EcrRegistry:
    """`ports.ImageRegistry` for the private registry of an account and region."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def find(self, repository: str, reference: str) -> TaggedImage | None:
        named: ImageIdentifierTypeDef = {"imageTag": reference}
        if reference.startswith("sha256:"):
            named = {"imageDigest": reference}
        try:
            with told("ecr", "DescribeImages"):
                answer = self._client.describe_images(repositoryName=repository, imageIds=[named])
                return next((_image(one) for one in answer["imageDetails"]), None)
        except AwsError as error:
            match code_behind(error):
                case "ImageNotFoundException":
                    return None
                case "RepositoryNotFoundException":
                    raise no_repository(repository, self._account) from error
                case _:
                    raise

    def repositories(self, names: Sequence[str]) -> Mapping[str, Repository]:
        wanted = sorted(set(names))
        found: dict[str, Repository] = {}
        for start in range(0, len(wanted), REPOSITORIES_A_CALL):
            found.update(self._those_there(wanted[start : start + REPOSITORIES_A_CALL]))
        return found

    def manifest_and_tag(self, repository: str, digest: str, tag: str) -> ImageView:
        try:
            with told("ecr", "BatchGetImage"):
                answer = self._client.batch_get_image(
                    repositoryName=repository,
                    imageIds=[{"imageDigest": digest}, {"imageTag": tag}],
                    acceptedMediaTypes=list(MEDIA_TYPES),
                )
                return _view(repository, digest, tag, answer["images"], answer.get("failures", ()))
        except AwsError as error:
            if code_behind(error) == "RepositoryNotFoundException":
                raise no_repository(repository, self._account) from error
            raise

    def point(self, repository: str, tag: str, manifest: Manifest) -> None:
        try:
            with told("ecr", "PutImage"):
                self._client.put_image(
                    repositoryName=repository,
                    imageManifest=manifest.body,
                    imageManifestMediaType=manifest.media_type,
                    imageTag=tag,
                    imageDigest=manifest.digest,
                )
        except AwsError as error:
            match code_behind(error):
                case "ImageAlreadyExistsException" | "ImageTagAlreadyExistsException":
                    self._right_already(repository, tag, manifest.digest)
                case "RepositoryNotFoundException":
                    raise no_repository(repository, self._account) from error
                case _:
                    raise

    def _right_already(self, repository: str, tag: str, digest: str) -> None:
        # Putting the same again is refused, in an immutable repository maybe as if it were another image.
        image = self.find(repository, tag)
        if image is None or image.digest != digest:
            raise PlanRefused(
                f"the tag {tag} of the repository {repository} can't be moved",
                ("the repository's tags are immutable",),
                f"make its tags mutable, or exclude {tag} from immutability (`aws ecr put-image-tag-mutability`)",
            )

    def _those_there(self, names: Sequence[str]) -> Mapping[str, Repository]:
        """One missing repository fails the whole call: then ask for each half, down to single names.

        Listing all repositories instead would need a permission on all of them.
        """
        try:
            with told("ecr", "DescribeRepositories"):
                answer = self._client.describe_repositories(repositoryNames=list(names))
                return {one["repositoryName"]: _repository(one) for one in answer["repositories"]}
        except AwsError as error:
            if code_behind(error) != "RepositoryNotFoundException":
                raise
        if len(names) == 1:
            return {}
        middle = len(names) // 2
        return {**self._those_there(names[:middle]), **self._those_there(names[middle:])}

    @property
    def _client(self) -> ECRClient:
        return self._account.client("ecr")


def no_repository(repository: str, account: Account) -> NotFound:
    return NotFound(
        f"there is no repository {repository} in the registry of {account.name}",
        "create it (`aws ecr create-repository`), or correct namespace, repository, role_arn or region_name"
        " in the project file",
    )


def _image(answered: ImageDetailTypeDef) -> TaggedImage:
    return TaggedImage(
        digest=answered["imageDigest"],
        tags=tuple(answered.get("imageTags", ())),
        pushed_at=utc(answered.get("imagePushedAt")),
    )


def _view(
    repository: str,
    digest: str,
    tag: str,
    images: Sequence[ImageTypeDef],
    failures: Sequence[ImageFailureTypeDef],
) -> ImageView:
    _only_absences(repository, failures)
    by_digest = {image["imageId"]["imageDigest"]: image for image in images}
    return ImageView(
        manifest=_manifest(by_digest[digest]) if digest in by_digest else None,
        tagged=_tagged(digest, tag, tuple(by_digest), failures),
    )


def _only_absences(repository: str, failures: Sequence[ImageFailureTypeDef]) -> None:
    """BatchGetImage answers 200 whatever failed: raise what is not a missing image."""
    for failure in failures:
        code, which = failure.get("failureCode", ""), failure.get("imageId", {})
        if code != "ImageNotFound":
            name = which.get("imageTag") or which.get("imageDigest", "an image")
            reason = failure.get("failureReason", "no reason given")
            raise AwsError("ecr:BatchGetImage", f"{name} of {repository}: {code}: {reason}")


def _tagged(
    digest: str, tag: str, answered: Sequence[str], failures: Sequence[ImageFailureTypeDef]
) -> str | None:
    """Where the tag points, from an answer to a digest and a tag.

    A digest not asked for can only come from the tag. Otherwise both name the same image, answered once
    or twice, unless the tag is among the failures. `imageId.imageTag` decides nothing: it may name
    another tag of the image than the one asked for.
    """
    if any(failure.get("imageId", {}).get("imageTag") == tag for failure in failures):
        return None
    others = [one for one in answered if one != digest]
    if others:
        return others[0]
    return digest if digest in answered else None


def _manifest(image: ImageTypeDef) -> Manifest:
    body = image["imageManifest"]
    content = json.loads(body)
    return Manifest(
        digest=image["imageId"]["imageDigest"],
        media_type=image.get("imageManifestMediaType") or content["mediaType"],
        body=body,
        children=tuple(child["digest"] for child in content.get("manifests", ())),
    )


def _repository(answered: RepositoryTypeDef) -> Repository:
    return Repository(
        name=answered["repositoryName"],
        uri=answered.get("repositoryUri", ""),
        mutability=answered.get("imageTagMutability", "MUTABLE"),
        exclusions=tuple(one["filter"] for one in answered.get("imageTagMutabilityExclusionFilters", ())),
    )
