"""Which message goes to which subject, and what an agent may do on the bus."""

import json

from dispatch import route
from dispatch.job_values import Attempt, Spec
from models.values import parse_address

ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
PROVIDER = parse_address(ADDRESS)
JOB = "0x" + "ab" * 32
ATTEMPT = Attempt(job_id=b"\xab" * 32, number=2, provider=PROVIDER, token="secret")
SPEC = Spec(docker_image="alpine:3", input_url="gnfd://in/data", output_bucket="out", output_name="result")


def test_a_message_has_the_keys_of_both_dialects_and_the_attempt() -> None:
    expected = {
        "jobId": JOB,
        "dockerImage": "alpine:3",
        "greenfieldInputUrl": "gnfd://in/data",
        "greenfieldOutputBucket": "out",
        "greenfieldOutputName": "result",
        "job_id": JOB,
        "image_name": "alpine:3",
        "input_path": "gnfd://in/data",
        "output_path": "out/result",
        "provider": ADDRESS,
        "attempt": 2,
        "retry": 0,
        "token": "secret",
    }

    assert expected == json.loads(route.message(ATTEMPT, SPEC).payload)


def test_a_message_goes_to_its_provider_under_an_id_of_its_attempt() -> None:
    """Subjects are case-sensitive: the address stands there in EIP-55 form."""
    message = route.message(ATTEMPT, SPEC)

    assert message.subject == f"jobs.dispatch.{ADDRESS}"
    assert message.message_id == "ab" * 32 + ":2:secret"


def test_what_a_renter_left_out_is_empty_and_present() -> None:
    bare = Spec(docker_image="alpine", input_url=None, output_bucket=None, output_name=None)

    body = json.loads(route.message(ATTEMPT, bare).payload)

    assert {""} == {body[key] for key in ("greenfieldInputUrl", "greenfieldOutputBucket", "input_path", "output_path")}


def test_an_agent_may_use_subjects_of_its_own_and_the_two_shared_ones_only() -> None:
    allowed = route.permissions(PROVIDER)

    shared = {"jobs.status.updates", "agent.status"}
    assert shared == {subject for subject in allowed.publish if ADDRESS not in subject}
    assert allowed.subscribe == (f"jobs.dispatch.{ADDRESS}", f"_INBOX_{ADDRESS}.>")
