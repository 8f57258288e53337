"""The image registry: ECR.

To move a tag, the exact bytes of a manifest are put again under the tag. ECR has no compare-and-swap, so only the
holder of the environment's lock may move tags.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from weco_deploy.aws import api
from weco_deploy.aws.error_translation import code_behind, translate_errors
from weco_deploy.aws.image_revision import revision_in
from weco_deploy.aws.session import Account
from weco_deploy.aws.times import utc
from weco_deploy.errors import AwsError, NotFound, PlanRefused
from weco_deploy.model.image import ACTIVE, MEDIA_TYPES, ImageView, Manifest, Repository, TaggedImage

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import (
        DescribeImagesFilterTypeDef,
        ImageDetailTypeDef,
        ImageFailureTypeDef,
        ImageIdentifierTypeDef,
        ImageTypeDef,
        RepositoryTypeDef,
    )

REPOSITORIES_PER_CALL = 100
_NO_SUCH_TAG = ("ImageNotFound", "InvalidImageTag")
"""BatchGetImage's codes for tags that no image has. Any other code is about an image that exists."""
ANY_STATUS: DescribeImagesFilterTypeDef = {"imageStatus": "ANY"}
NOT_FOUND = "ImageNotFound"


class EcrRegistry:
    """`ports.ImageRegistry` for the private registry of an account and region."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def find(self, repository: str, reference: str) -> TaggedImage | None:
        image_id: ImageIdentifierTypeDef = {"imageTag": reference}
        if reference.startswith("sha256:"):
            image_id = {"imageDigest": reference}
        return next(iter(self._described(repository, [image_id])), None)

    def statuses(self, repository: str, digests: Sequence[str]) -> Mapping[str, str]:
        return {image.digest: image.status for image in self._with_digests(repository, digests)}

    def existing_tags(self, repository: str, tags: Sequence[str]) -> frozenset[str]:
        # DescribeImages would fail as a whole if any tag is missing.
        with self._in_repository(repository), translate_errors(api.BATCH_GET_IMAGE):
            answer = self._client.batch_get_image(
                repositoryName=repository,
                imageIds=[{"imageTag": tag} for tag in tags],
                acceptedMediaTypes=list(MEDIA_TYPES),
            )
            missing = {
                failure.get("imageId", {}).get("imageTag")
                for failure in answer.get("failures", ())
                if failure.get("failureCode") in _NO_SUCH_TAG
            }
            return frozenset(tags) - missing

    def repositories(self, names: Sequence[str]) -> Mapping[str, Repository]:
        wanted = sorted(set(names))
        found: dict[str, Repository] = {}
        for start in range(0, len(wanted), REPOSITORIES_PER_CALL):
            found.update(self._existing(wanted[start : start + REPOSITORIES_PER_CALL]))
        return found

    def manifest_and_tag(self, repository: str, digest: str, tag: str) -> ImageView:
        with self._in_repository(repository), translate_errors(api.BATCH_GET_IMAGE):
            answer = self._client.batch_get_image(
                repositoryName=repository,
                imageIds=[{"imageDigest": digest}, {"imageTag": tag}],
                acceptedMediaTypes=list(MEDIA_TYPES),
            )
            images, failures = answer["images"], answer.get("failures", ())
            view = _view(digest, tag, images, failures)
        of_digest, of_tag = _failure(failures, digest), _failure(failures, tag)
        if of_digest is not None:
            view = replace(view, unreadable=_unreadable(repository, of_digest))
        if of_tag is not None and of_tag.get("failureCode") != NOT_FOUND:
            # ECR has the tag, but does not give its image, which may be archived: nobody needs it to move the tag.
            there = self.find(repository, tag)
            view = replace(view, tagged=there.digest if there else None)
        return view

    def tagged(self, repository: str, tags: Sequence[str]) -> Mapping[str, Manifest]:
        with self._in_repository(repository), translate_errors(api.BATCH_GET_IMAGE):
            answer = self._client.batch_get_image(
                repositoryName=repository,
                imageIds=[{"imageTag": tag} for tag in tags],
                acceptedMediaTypes=list(MEDIA_TYPES),
            )
            failures = answer.get("failures", ())
            _raise_unless_missing(repository, failures)
            manifests = {image["imageId"]["imageDigest"]: _manifest(image) for image in answer["images"]}
        missing = {failure.get("imageId", {}).get("imageTag") for failure in failures}
        there = [tag for tag in tags if tag not in missing]
        if len(manifests) <= 1:
            return {tag: manifest for tag in there for manifest in manifests.values()}
        # The answer has several images, in no documented order, and `imageId.imageTag` does not tell which tag they have:
        # it may be any tag of the image, also one that has moved on. DescribeImages lists all tags of each image.
        digest_of = {
            tag: image.digest for image in self._with_digests(repository, manifests) for tag in image.tags
        }
        found = {tag: manifests[digest_of[tag]] for tag in there if tag in digest_of}
        # A tag may have moved to yet another image between the two calls.
        for tag in set(there) - found.keys():
            found.update(self.tagged(repository, [tag]))
        return found

    def _with_digests(self, repository: str, digests: Iterable[str]) -> tuple[TaggedImage, ...]:
        return self._described(repository, [{"imageDigest": digest} for digest in digests])

    def revision(self, repository: str, digest: str) -> str | None:
        with self._in_repository(repository):
            return revision_in(self._client, repository, digest)

    def point(self, repository: str, tag: str, manifest: Manifest) -> None:
        try:
            with translate_errors(api.PUT_IMAGE):
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
                    self._check_points_at(repository, tag, manifest.digest)
                case "RepositoryNotFoundException":
                    raise no_repository(repository, self._account) from error
                case _:
                    raise

    def _check_points_at(self, repository: str, tag: str, digest: str) -> None:
        """Raise PlanRefused unless the tag points at the digest.

        ECR refuses to put an image under a tag that already points at it. An immutable repository may give the same
        error for that as for another image.
        """
        image = self.find(repository, tag)
        if image is None or image.digest != digest:
            raise PlanRefused(
                f"the tag {tag} of the repository {repository} can't be moved",
                ("the repository's tags are immutable",),
                f"make its tags mutable, or exclude {tag} from immutability (`aws ecr put-image-tag-mutability`)",
            )

    def _described(
        self,
        repository: str,
        image_ids: Sequence[ImageIdentifierTypeDef],
        chosen: DescribeImagesFilterTypeDef = ANY_STATUS,
    ) -> tuple[TaggedImage, ...]:
        """The images that exist, archived ones too, which DescribeImages leaves out unless it is asked for them.

        DescribeImages fails as a whole if any image is missing. Then this asks for each half, down to single images.
        """
        try:
            with translate_errors(api.DESCRIBE_IMAGES):
                answer = self._client.describe_images(
                    repositoryName=repository, imageIds=list(image_ids), filter=chosen
                )
                return tuple(map(_image, answer["imageDetails"]))
        except AwsError as error:
            match code_behind(error):
                case "ImageNotFoundException":
                    pass
                case "InvalidParameterException" if chosen:
                    # AWS does not document whether the filter may go with ids.
                    return self._described(repository, image_ids, {})
                case "RepositoryNotFoundException":
                    raise no_repository(repository, self._account) from error
                case _:
                    raise
        if len(image_ids) == 1:
            return ()
        middle = len(image_ids) // 2
        return (
            *self._described(repository, image_ids[:middle], chosen),
            *self._described(repository, image_ids[middle:], chosen),
        )

    def _existing(self, names: Sequence[str]) -> Mapping[str, Repository]:
        """The repositories that exist, by name.

        DescribeRepositories fails as a whole if any repository is missing. Then this asks for each half, down to single
        names. Listing all repositories instead would need a permission for all of them.
        """
        try:
            with translate_errors(api.DESCRIBE_REPOSITORIES):
                answer = self._client.describe_repositories(repositoryNames=list(names))
                return {found["repositoryName"]: _repository(found) for found in answer["repositories"]}
        except AwsError as error:
            if code_behind(error) != "RepositoryNotFoundException":
                raise
        if len(names) == 1:
            return {}
        middle = len(names) // 2
        return {**self._existing(names[:middle]), **self._existing(names[middle:])}

    @contextmanager
    def _in_repository(self, repository: str) -> Iterator[None]:
        """Raise NotFound, with what to do, if a call in the block finds no such repository."""
        try:
            yield
        except AwsError as error:
            if code_behind(error) == "RepositoryNotFoundException":
                raise no_repository(repository, self._account) from error
            raise

    @property
    def _client(self) -> ECRClient:
        return self._account.client("ecr")


def no_repository(repository: str, account: Account) -> NotFound:
    return NotFound(
        f"there is no repository {repository} in the registry of {account.name}",
        "create it (`aws ecr create-repository`), or correct namespace, repository, role_arn or region_name"
        " in the project file",
    )


def _image(detail: ImageDetailTypeDef) -> TaggedImage:
    return TaggedImage(
        digest=detail["imageDigest"],
        tags=tuple(detail.get("imageTags", ())),
        pushed_at=utc(detail.get("imagePushedAt")),
        status=detail.get("imageStatus", ACTIVE),
    )


def _view(
    digest: str,
    tag: str,
    images: Sequence[ImageTypeDef],
    failures: Sequence[ImageFailureTypeDef],
) -> ImageView:
    by_digest = {image["imageId"]["imageDigest"]: image for image in images}
    return ImageView(
        manifest=_manifest(by_digest[digest]) if digest in by_digest else None,
        tagged=_tagged(digest, tag, tuple(by_digest), failures),
    )


def _failure(failures: Sequence[ImageFailureTypeDef], reference: str) -> ImageFailureTypeDef | None:
    """The failure of a digest or tag that was asked for. BatchGetImage always answers 200."""
    key: Literal["imageDigest", "imageTag"] = "imageDigest" if reference.startswith("sha256:") else "imageTag"
    other = "imageTag" if key == "imageDigest" else "imageDigest"
    asked = [failure for failure in failures if failure.get("imageId", {}).get(key) == reference]
    # A failure that names both is the tag's: a digest is asked for alone.
    alone = [failure for failure in asked if other not in failure.get("imageId", {})]
    return next(iter(alone if key == "imageDigest" else asked), None)


def _unreadable(repository: str, failure: ImageFailureTypeDef) -> str:
    """Why ECR does not give an image that it has; empty if it has none. Raises AwsError for every other failure."""
    if failure.get("failureCode") == "ImageInaccessible":
        return f"ImageInaccessible: {failure.get('failureReason', 'no reason given')}"
    _raise_unless_missing(repository, [failure])
    return ""


def _raise_unless_missing(repository: str, failures: Sequence[ImageFailureTypeDef]) -> None:
    """Raise AwsError for the first failure that is not a missing image. BatchGetImage always answers 200."""
    for failure in failures:
        code, image_id = failure.get("failureCode", ""), failure.get("imageId", {})
        if code != NOT_FOUND:
            name = image_id.get("imageTag") or image_id.get("imageDigest", "an image")
            reason = failure.get("failureReason", "no reason given")
            raise AwsError(api.BATCH_GET_IMAGE.name, f"{name} of {repository}: {code}: {reason}")


def _tagged(
    digest: str, tag: str, found: Sequence[str], failures: Sequence[ImageFailureTypeDef]
) -> str | None:
    """The digest that the tag points at, taken from the answer to a request for a digest and a tag.

    A digest that was not requested must be the tag's. If the answer has no other digest and the tag is not among the
    failures, digest and tag name the same image, which the answer contains once or twice. `imageId.imageTag` is no
    evidence: it may be a different tag of the image.
    """
    if any(failure.get("imageId", {}).get("imageTag") == tag for failure in failures):
        return None
    others = [other for other in found if other != digest]
    if others:
        return others[0]
    return digest if digest in found else None


def _manifest(image: ImageTypeDef) -> Manifest:
    body = image["imageManifest"]
    content = json.loads(body)
    return Manifest(
        digest=image["imageId"]["imageDigest"],
        media_type=image.get("imageManifestMediaType") or content["mediaType"],
        body=body,
        children=tuple(child["digest"] for child in content.get("manifests", ())),
    )


def _repository(answer: RepositoryTypeDef) -> Repository:
    return Repository(
        name=answer["repositoryName"],
        uri=answer.get("repositoryUri", ""),
        mutability=answer.get("imageTagMutability", "MUTABLE"),
        exclusions=tuple(
            exclusion["filter"] for exclusion in answer.get("imageTagMutabilityExclusionFilters", ())
        ),
    )
