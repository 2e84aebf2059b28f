"""
What the renters of the local world want to have run.

A spec follows from the id of its job, so that a renter who remembers nothing still hands in the same.
"""

from dataclasses import dataclass
from random import Random

IMAGES = (
    "pytorch/pytorch:2.4.0-cuda12.1-cudnn9-runtime",
    "tensorflow/tensorflow:2.17.0-gpu",
    "nvidia/cuda:12.4.1-base-ubuntu22.04",
    "ollama/ollama:0.3.12",
    "linuxserver/blender:4.2.1",
)
VRAM_MIB = (None, 8192, 16384)
"""What a job may ask for: every card of the local world has more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What to run for a job, and where its input and output are."""

    docker_image: str
    input_url: str
    output_bucket: str
    output_name: str
    min_vram_mib: int | None


def spec_of(job_id: bytes) -> Spec:
    """Return what to run for a job."""
    dice = Random(job_id)
    return Spec(
        docker_image=dice.choice(IMAGES),
        input_url=f"gnfd://lamda-inputs/{job_id.hex()[:16]}.tar",
        output_bucket="lamda-outputs",
        output_name=f"{job_id.hex()[:16]}.tar",
        min_vram_mib=dice.choice(VRAM_MIB),
    )
