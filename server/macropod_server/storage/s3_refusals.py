"""What an S3-compatible store means by its refusals: which may pass, and a sentence for each of the others."""

from dataclasses import dataclass

from macropod_server.domain.storage_url import BucketPlace
from macropod_server.storage.base import (
    StorageClockWrong,
    StorageForbidden,
    StorageFull,
    StorageMissing,
    StorageUnavailable,
)

_PASSING_STATUSES = {408, 425, 429, 500, 502, 503, 504}
_PASSING = {
    *("InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown", "SlowDownRead", "SlowDownWrite"),
    *("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests", "OperationAborted"),
    # The bytes were changed or cut on their way to the store.
    *("BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch"),
}
_FULL = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"}
_ELSEWHERE = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301", "307"}
_CLOCK = {"RequestTimeTooSkewed", "RequestInTheFuture"}
_UNKNOWN_CALLER = {
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException", "InvalidToken"),
    *("TokenRefreshRequired", "InvalidClientTokenId", "UnrecognizedClientException"),
}
_NOT_OFFERED = {"NotImplemented", "InvalidArgument", "InvalidRequest"}
"""The latter two are what some stores say of a condition that they do not know."""


class NoSuchObject(Exception):
    """The bucket has nothing under this key."""


class AlreadyThere(Exception):
    """What was to be written only if nothing was there was not."""


class NoSuchUpload(Exception):
    """An upload in parts that is over, or was never begun."""


class NotOffered(Exception):
    """The store does not have this kind of call, or does not take conditions."""


@dataclass(frozen=True)
class Refusal:
    """An answer that is an error. Without a body its code is only the number of its status."""

    code: str
    status: int

    @property
    def may_pass(self) -> bool:
        return self.code in _PASSING or (self.status in _PASSING_STATUSES and self.code not in _FULL)

    def error(self, place: BucketPlace, may_be: tuple[type[Exception], ...]) -> Exception:
        """One of those the caller understands, or else what is wrong with the store, for people."""
        return next((kind() for kind in may_be if self._is(kind)), None) or self._for_people(place)

    def _is(self, kind: type[Exception]) -> bool:
        if kind is AlreadyThere:
            return self.status == 412 or self.code in ("PreconditionFailed", "ConditionalRequestConflict")
        if kind is NotOffered:
            return self.status == 501 or self.code in _NOT_OFFERED
        if kind is NoSuchUpload:
            return self.code == "NoSuchUpload"
        return kind is NoSuchObject and self.status == 404 and self.code not in ("NoSuchBucket", "NoSuchUpload")

    def _for_people(self, place: BucketPlace) -> StorageUnavailable:
        if self.code in _FULL or self.status == 507:
            return StorageFull(
                f"The {place} is full or its quota is used up ({self.code}); nothing was kept. Make room there."
            )
        if self.code == "NoSuchBucket":
            return StorageMissing(
                f"There is no {place}. Make it, or correct MACROPOD_STORAGE_URL and MACROPOD_STORAGE_ENDPOINT."
            )
        if self.code in _ELSEWHERE or self.status in (301, 307):
            return StorageMissing(
                f"The {place} is in another region or at another address ({self.code}). Set MACROPOD_STORAGE_REGION "
                "and MACROPOD_STORAGE_ENDPOINT to where it is."
            )
        if self.code in _CLOCK:
            return StorageClockWrong(
                f"The clock of this machine is not that of the {place} ({self.code}). Have it set by NTP."
            )
        if self.code in _UNKNOWN_CALLER:
            return StorageForbidden(
                f"The {place} does not take the credentials of this server ({self.code}). Set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or give it a role."
            )
        if self.status in (401, 403):
            return StorageForbidden(
                f"The {place} forbids this to the server ({self.code}). docs/storage.md lists what it must be allowed."
            )
        return away(place, f"{self.status} {self.code}")


def away(place: BucketPlace, what: str) -> StorageUnavailable:
    return StorageUnavailable(f"The {place} does not answer as it should ({what}); nothing was kept.")
