"""
Decide whether what a renter wants to have run is something that an agent can be sent.

An agent hands these texts to other programs, so they hold nothing that those would misread: no spaces or control
characters where none belong, no image that looks like an option, no path that climbs out of its folder.
"""

import re
from dataclasses import dataclass

from graphql_api.errors import BadInput

IMAGE_MAX = 255
URL_MAX = 2048
NAME_MAX = 1024
MODEL_MAX = 100

_IMAGE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._/:@\-]*")
_URL = re.compile(r"(?:https?|gnfd|ipfs|s3)://[!-~]+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What to run for a job; None is what the renter left open."""

    docker_image: str
    input_url: str | None = None
    output_bucket: str | None = None
    output_name: str | None = None
    min_vram_mib: int | None = None
    gpu_model: str | None = None


def check(spec: Spec) -> None:
    """Raise `BadInput` for the first part that no agent should be sent."""
    _check_image(spec.docker_image)
    if spec.input_url is not None:
        _check_url(spec.input_url)
    if spec.output_bucket is not None and _BUCKET.fullmatch(spec.output_bucket) is None:
        raise _wrong("outputBucket", spec.output_bucket, "3 to 63 lower-case letters, digits, dots and hyphens")
    if spec.output_name is not None:
        _check_name(spec.output_name)
    if spec.min_vram_mib is not None and spec.min_vram_mib < 1:
        raise BadInput(f"spec.minVramMib: {spec.min_vram_mib} is not an amount of memory: expected MiB, 1 or more")
    if spec.gpu_model is not None and not (_is_readable(spec.gpu_model) and 0 < len(spec.gpu_model) <= MODEL_MAX):
        raise _wrong("gpuModel", spec.gpu_model, f"the name of a model, {MODEL_MAX} characters at most")


def _check_image(image: str) -> None:
    if len(image) > IMAGE_MAX or _IMAGE.fullmatch(image) is None:
        expected = f"the reference of an image, {IMAGE_MAX} characters at most: letters, digits and . _ / : @ -"
        raise _wrong("dockerImage", image, expected)


def _check_url(url: str) -> None:
    if len(url) > URL_MAX or _URL.fullmatch(url) is None:
        expected = f"an http, https, gnfd, ipfs or s3 URL, {URL_MAX} characters at most, others percent-encoded"
        raise _wrong("inputUrl", url, expected)


def _check_name(name: str) -> None:
    climbs = any(part in ("", ".", "..") for part in name.split("/"))
    if climbs or not _is_readable(name) or len(name.encode()) > NAME_MAX:
        raise _wrong(
            "outputName", name, f"the name of an object, {NAME_MAX} bytes at most, without empty, . or .. parts"
        )


def _is_readable(text: str) -> bool:
    return text.isprintable()


def _wrong(part: str, value: str, expected: str) -> BadInput:
    shown = value if len(value) <= 80 else value[:80] + "…"
    return BadInput(f"spec.{part}: {shown!r} is not {expected}")
