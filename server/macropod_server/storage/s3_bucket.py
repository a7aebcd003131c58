"""One bucket of an S3-compatible store, call by call. Only this module knows the library `boto3`."""

import base64
import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore import exceptions as boto_errors
from botocore.config import Config
from botocore.parsers import ResponseParserError

from macropod_server.domain.storage_url import BucketPlace
from macropod_server.storage.base import StorageForbidden, StorageUnavailable
from macropod_server.storage.s3_refusals import AlreadyThere, NoSuchObject, NoSuchUpload, NotOffered, Refusal, away

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
_FEW_PAUSES = (0.2,)
"""For calls that are made while rows are locked."""

_CONNECT_SECONDS, _ANSWER_SECONDS, _QUICK_ANSWER_SECONDS = 4, 30, 5
_CONNECTIONS = 50
_PIECE_BYTES = 16 * 1024
"""The library gives a piece whole or not at all, so this much at most is read again after a cut."""

_ON_THE_WAY = (
    boto_errors.HTTPClientError,
    boto_errors.ConnectionError,
    boto_errors.IncompleteReadError,
    ResponseParserError,
    OSError,
)
_CREDENTIALS = (
    boto_errors.NoCredentialsError,
    boto_errors.PartialCredentialsError,
    boto_errors.CredentialRetrievalError,
    boto_errors.ProfileNotFound,
    boto_errors.NoAuthTokenError,
    boto_errors.TokenRetrievalError,
)

_OVER = (NoSuchUpload, NoSuchObject)
_UNDER_A_CONDITION = (AlreadyThere, NotOffered)


@dataclass(frozen=True)
class StoredObject:
    key: str
    size_bytes: int
    written_at: datetime


@dataclass(frozen=True)
class UnfinishedUpload:
    """`silent_for` is how long nothing came, by the store's own clock."""

    key: str
    id: str
    silent_for: timedelta


class Bucket:
    """What may pass is tried again with growing pauses; what does not raises one of the storage's errors."""

    def __init__(self, place: BucketPlace, *, pause: Callable[[float], None] = time.sleep) -> None:
        self.place = place
        self._pause = pause
        session = _session(place)
        self._client = _client(session, place, place.endpoint, answer_seconds=_ANSWER_SECONDS)
        self._quick = _client(session, place, place.endpoint, answer_seconds=_QUICK_ANSWER_SECONDS)
        self._direct = (
            _client(session, place, place.direct_endpoint, answer_seconds=_ANSWER_SECONDS)
            if place.direct_endpoint
            else None
        )

    def check(self) -> None:
        """Whether the bucket is there and lets us in."""
        self._first_object()

    def clock(self) -> datetime | None:
        """The store's own, as it dates its answers."""
        return _answered_at(self._first_object())

    def _first_object(self) -> dict[str, Any]:
        return self._ask("list_objects_v2", {"Prefix": self.place.prefix, "MaxKeys": 1}, is_quick=True)

    def has(self, key: str) -> bool:
        try:
            self._ask("head_object", {"Key": key}, is_quick=True, may_be=(NoSuchObject,))
        except (NoSuchObject, StorageForbidden) as error:
            self.check()  # An answer to HEAD has no body that would tell what is wrong: bucket, clock or credentials.
            if isinstance(error, StorageForbidden):
                raise
            return False
        return True

    def delete(self, key: str) -> None:
        with suppress(NoSuchObject):
            self._ask("delete_object", {"Key": key}, is_quick=True, may_be=(NoSuchObject,))

    def get(self, key: str, *, start: int = 0) -> "Body":
        """From this byte on. Raises `NoSuchObject`."""
        span = {"Range": f"bytes={start}-"} if start else {}
        answer = self._ask("get_object", {"Key": key, **span}, may_be=(NoSuchObject,))
        # Not told by the status: not every store says 206.
        if start and not answer.get("ContentRange", "").startswith(f"bytes {start}-"):
            raise away(self.place, "it does not send a part of an object when asked for one")
        if "ContentLength" not in answer:
            raise away(self.place, "it does not say how long an object is")
        return Body(self.place, answer["Body"], start + int(answer["ContentLength"]))

    def put(self, key: str, body: bytes, *, only_new: bool) -> None:
        """Raises `AlreadyThere`, or `NotOffered` where the store takes no conditions."""
        asked = {"Key": key, "Body": body, "ContentMD5": _md5(body), **_condition(only_new)}
        self._ask("put_object", asked, may_be=_UNDER_A_CONDITION if only_new else ())

    def begin(self, key: str) -> str:
        """The id of an upload in parts."""
        return str(self._ask("create_multipart_upload", {"Key": key})["UploadId"])

    def put_part(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        asked = {"Key": key, "UploadId": upload_id, "PartNumber": number, "Body": body, "ContentMD5": _md5(body)}
        return str(self._ask("upload_part", asked)["ETag"])

    def complete(self, key: str, upload_id: str, tags: Sequence[str], *, only_new: bool) -> None:
        """Raises as `put` does."""
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
        asked = {"Key": key, "UploadId": upload_id, "MultipartUpload": {"Parts": parts}, **_condition(only_new)}
        may_be = (NoSuchUpload, *(_UNDER_A_CONDITION if only_new else ()))
        try:
            self._ask("complete_multipart_upload", asked, may_be=may_be)
        except NoSuchUpload:
            # The answer to the first call may have been lost on its way.
            if not self.has(key):
                raise away(self.place, "an upload was ended by somebody else") from None

    def abort(self, key: str, upload_id: str) -> None:
        """Harmless when the upload is over."""
        with suppress(NoSuchUpload, NoSuchObject):
            self._ask("abort_multipart_upload", {"Key": key, "UploadId": upload_id}, may_be=_OVER)

    def objects(self, beginning: str = "") -> Iterator[StoredObject]:
        """In the order of their keys, those that begin so after the prefix."""
        more: dict[str, str] | None = {}
        while more is not None:
            page = self._ask("list_objects_v2", {"Prefix": self.place.prefix + beginning, **more})
            for each in page.get("Contents", ()):
                yield StoredObject(each["Key"], each["Size"], each["LastModified"])
            more = {"ContinuationToken": page["NextContinuationToken"]} if page.get("IsTruncated") else None

    def unfinished(self) -> Iterator[UnfinishedUpload]:
        """Uploads in parts that were begun and not ended. Raises `NotOffered` where the store does not list them, and
        `NoSuchUpload` where it has seen none yet."""
        more: dict[str, str] | None = {}
        while more is not None:
            asked = {"Prefix": self.place.prefix, **more}
            page = self._ask("list_multipart_uploads", asked, may_be=(NotOffered, NoSuchUpload))
            for each in page.get("Uploads", ()):
                silent_for = self._silence(each["Key"], each["UploadId"], begun_at=each["Initiated"])
                yield UnfinishedUpload(each["Key"], each["UploadId"], silent_for)
            markers = {name: page.get(f"Next{name}", "") for name in ("KeyMarker", "UploadIdMarker")}
            more = markers if page.get("IsTruncated") and any(markers.values()) else None

    def address(self, key: str, *, seconds: int) -> str | None:
        if self._direct is None:
            return None
        asked = {"Bucket": self.place.bucket, "Key": key}
        try:
            return str(self._direct.generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds))
        except (boto_errors.BotoCoreError, boto_errors.ClientError):
            # Also a role that its own service refuses to renew just now.
            return None

    def _silence(self, key: str, upload_id: str, *, begun_at: datetime) -> timedelta:
        """None at all for an upload that is over by now."""
        last, marker = begun_at, 0
        asked = {"Key": key, "UploadId": upload_id}
        with suppress(NoSuchUpload, NoSuchObject):
            while True:
                page = self._ask("list_parts", {**asked, "PartNumberMarker": marker}, may_be=_OVER)
                came: list[datetime] = [each["LastModified"] for each in page.get("Parts", ())]
                last = max([last, *came])
                if not page.get("IsTruncated"):
                    return max(timedelta(0), (_answered_at(page) or last) - last)
                marker = page["NextPartNumberMarker"]
        return timedelta(0)

    def _ask(
        self,
        operation: str,
        asked: Mapping[str, Any],
        *,
        is_quick: bool = False,
        may_be: tuple[type[Exception], ...] = (),
    ) -> dict[str, Any]:
        """`may_be`: which answers of `s3_refusals` the caller understands; any other is trouble with the store."""
        call = getattr(self._quick if is_quick else self._client, operation)
        for pause in (*(_FEW_PAUSES if is_quick else _PAUSES), None):
            try:
                answer: dict[str, Any] = call(Bucket=self.place.bucket, **asked)
                return answer
            except boto_errors.ClientError as error:
                refusal = _refusal(error)
                if pause is None or not refusal.may_pass:
                    raise refusal.error(self.place, may_be) from error
            except (boto_errors.BotoCoreError, ResponseParserError, OSError) as error:
                if pause is None or not isinstance(error, _ON_THE_WAY):
                    raise _trouble(self.place, error) from error
            except RecursionError as error:
                # The library follows a bucket to its region by asking the same address, which sends it on again.
                raise Refusal("PermanentRedirect", 301).error(self.place, ()) from error
            self._pause(pause * random.uniform(0.5, 1))
        raise AssertionError("the last try returns or raises")


class Body:
    """The bytes of an object as they come; `size` is that of the whole. Raises `StorageUnavailable`."""

    def __init__(self, place: BucketPlace, stream: Any, size: int) -> None:
        self.size = size
        self._place = place
        self._stream = stream

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        try:
            return int(self._stream.readinto(memoryview(buffer)[:_PIECE_BYTES]))
        except (boto_errors.BotoCoreError, OSError) as error:
            raise _trouble(self._place, error) from error

    def close(self) -> None:
        self._stream.close()


def _session(place: BucketPlace) -> Any:
    session = boto3.Session(region_name=place.region or None)
    # A store of one's own often has no regions, and the signature needs the name of one.
    return session if session.region_name else boto3.Session(region_name="us-east-1")


def _client(session: Any, place: BucketPlace, endpoint: str, *, answer_seconds: int) -> Any:
    style = "path" if endpoint and place.addressing == "auto" else place.addressing
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": style, "payload_signing_enabled": True},
        # Not every store knows the newer checksums; what is sent has its MD5, what is read its sha256.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=answer_seconds,
        max_pool_connections=_CONNECTIONS,
    )
    return session.client("s3", endpoint_url=endpoint or None, config=config)


def _condition(only_new: bool) -> dict[str, str]:
    return {"IfNoneMatch": "*"} if only_new else {}


def _md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def _answered_at(answer: dict[str, Any]) -> datetime | None:
    told: str | None = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(told) if told else None


def _refusal(error: boto_errors.ClientError) -> Refusal:
    told = error.response
    status = told.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return Refusal(str(told.get("Error", {}).get("Code", status)), status)


def _trouble(place: BucketPlace, error: Exception) -> StorageUnavailable:
    if isinstance(error, _CREDENTIALS):
        return StorageForbidden(
            f"There are no credentials for the {place}: {error}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "give the server a role."
        )
    return away(place, f"{type(error).__name__}: {error}")
