"""What a renter may hand in: everything an agent can be sent, and nothing that another program would misread."""

from dataclasses import replace

import pytest

from graphql_api.errors import BadInput
from graphql_api.specs import Spec, check

GOOD = Spec(docker_image="alpine")


@pytest.mark.parametrize(
    "spec",
    [
        GOOD,
        Spec(docker_image="registry.example.com:5000/team/image_name:1.2.3-rc.1"),
        Spec(docker_image="image@sha256:" + "a" * 64),
        Spec(docker_image="a" * 255),
        replace(GOOD, input_url="https://data.example/in.tar?x=%20"),
        replace(GOOD, input_url="gnfd://bucket/in.tar"),
        replace(GOOD, output_bucket="lamda-outputs", output_name="run 1/result.tar"),
        replace(GOOD, output_name="größe.tar", min_vram_mib=1, gpu_model="NVIDIA GeForce RTX 4090"),
    ],
)
def test_what_agents_can_be_sent_is_accepted(spec: Spec) -> None:
    check(spec)


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        (Spec(docker_image=""), "dockerImage"),
        (Spec(docker_image="a" * 256), "dockerImage"),
        (Spec(docker_image="--privileged"), "dockerImage"),
        (Spec(docker_image="alpine; rm -rf /"), "dockerImage"),
        (Spec(docker_image="alpine\n"), "dockerImage"),
        (Spec(docker_image="ålpine"), "dockerImage"),
        (replace(GOOD, input_url=""), "inputUrl"),
        (replace(GOOD, input_url="file:///etc/passwd"), "inputUrl"),
        (replace(GOOD, input_url="https://"), "inputUrl"),
        (replace(GOOD, input_url="https://a b"), "inputUrl"),
        (replace(GOOD, input_url="https://" + "a" * 2041), "inputUrl"),
        (replace(GOOD, output_bucket="ab"), "outputBucket"),
        (replace(GOOD, output_bucket="Bucket"), "outputBucket"),
        (replace(GOOD, output_bucket="a" * 64), "outputBucket"),
        (replace(GOOD, output_name=""), "outputName"),
        (replace(GOOD, output_name="/etc/passwd"), "outputName"),
        (replace(GOOD, output_name="a/../../b"), "outputName"),
        (replace(GOOD, output_name="a\0b"), "outputName"),
        (replace(GOOD, output_name="\ud800"), "outputName"),
        (replace(GOOD, output_name="ä" * 513), "outputName"),
        (replace(GOOD, min_vram_mib=0), "minVramMib"),
        (replace(GOOD, gpu_model=""), "gpuModel"),
        (replace(GOOD, gpu_model="x" * 101), "gpuModel"),
        (replace(GOOD, gpu_model="RTX\0"), "gpuModel"),
    ],
)
def test_what_agents_cannot_be_sent_is_named(spec: Spec, part: str) -> None:
    with pytest.raises(BadInput, match=rf"^spec\.{part}: "):
        check(spec)
