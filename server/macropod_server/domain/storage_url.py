"""Where bundles are to lie: a folder of this machine, or a bucket of an S3-compatible store."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

ADDRESSINGS = ("auto", "path", "virtual")

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]", re.ASCII)
_PREFIX = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*", re.ASCII)


class NoStorageUrl(ValueError):
    """The message continues a sentence that begins with the name of the setting."""


@dataclass(frozen=True)
class BucketPlace:
    """`prefix` is empty or ends with a slash. `direct_endpoint`: where runs reach the bucket, empty if they may not."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    addressing: str = "auto"
    direct_endpoint: str = ""

    def __str__(self) -> str:
        return f"bucket {self.bucket!r} at {self.endpoint or 'Amazon S3'}"


def bucket_and_prefix(url: str) -> tuple[str, str] | None:
    """None for what names a folder. Raises `NoStorageUrl`."""
    scheme, separator, rest = url.partition("://")
    if not separator or (scheme == "file" and rest.startswith("/")):
        return None
    # Not shown, for there may be a secret in it.
    shown = repr(url) if "@" not in url else "a URL with a user in it"
    if scheme != "s3":
        raise NoStorageUrl(
            f"is {shown}; it takes a folder of this machine, as file:///folder, or a bucket, as s3://bucket/prefix"
        )
    bucket, _, prefix = rest.partition("/")
    prefix = prefix.rstrip("/")
    if not _BUCKET.fullmatch(bucket) or (prefix and not _PREFIX.fullmatch(prefix)):
        raise NoStorageUrl(
            f"is {shown}; it takes s3://bucket or s3://bucket/prefix, both of letters, digits, dots, hyphens and "
            "underscores, the bucket of 3 to 63. Credentials come from the standard variables of AWS"
        )
    return bucket, f"{prefix}/" if prefix else ""


def check_endpoint(url: str) -> None:
    """Raises `NoStorageUrl` for what is no plain http or https address."""
    try:
        parts = urlsplit(url)
        is_plain = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise NoStorageUrl("is no URL; it takes one such as https://s3.example.org:9000") from None
    if "@" in parts.netloc:
        raise NoStorageUrl("has a user in it; credentials come from the standard variables of AWS")
    if not is_plain or parts.query or parts.fragment:
        raise NoStorageUrl(f"is {url!r}; it takes a URL such as https://s3.example.org:9000")
