"""Names are valid and within limits, whatever they are made from."""

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from ssd_operator import naming

KINDS = ("prepare", "sample", "curate", "train", "generate", "grade", "analyze", "report")
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?")
MAX_INDEX = 999
POD_SUFFIX = "-abcde"
"""What the Job controller appends to `<job>-<index>`."""

uids = st.uuids().map(str)
keys = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(kind=st.sampled_from(KINDS), claim=uids, key=keys, attempt=st.integers(1, 10_000))
def test_a_pod_of_any_job_is_a_dns_label(kind: str, claim: str, key: str, attempt: int) -> None:
    """Job name, index and suffix together fit into a host name."""
    name = naming.job_name(kind, claim_uid=claim, key=key, attempt=attempt)
    pod = f"{name}-{MAX_INDEX}{POD_SUFFIX}"
    assert DNS_LABEL.fullmatch(pod)
    assert len(pod) <= 63


@given(claim=uids, key=keys, attempt=st.integers(1, 100))
def test_rank_zero_is_found_under_its_service(claim: str, key: str, attempt: int) -> None:
    """The first pod's host name is the job's name, its domain the gang's service."""
    host = naming.rank_zero_host("train", claim_uid=claim, key=key, attempt=attempt)
    pod, service = host.split(".")
    assert pod == naming.job_name("train", claim_uid=claim, key=key, attempt=attempt) + "-0"
    assert service == naming.gang_service_name(claim_uid=claim, key=key, attempt=attempt)
    assert all(DNS_LABEL.fullmatch(part) and len(part) <= 63 for part in (pod, service))


@given(name=st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?", fullmatch=True))
def test_any_resource_name_fits_a_label(name: str) -> None:
    """A label's value keeps a short name as it is and shortens a long one without losing its identity."""
    value = naming.label_value(name)
    assert LABEL_VALUE.fullmatch(value)
    assert len(value) <= 63
    assert value == name or len(name) > 63


@given(one=uids, other=uids, key=keys)
def test_jobs_of_two_claims_never_meet(one: str, other: str, key: str) -> None:
    """The name is the lock: it is shared on one claim and on no other."""
    names = {naming.job_name("train", claim_uid=claim, key=key, attempt=1) for claim in (one, other)}
    assert len(names) == len({one, other})


@given(
    temperature=st.floats(0, 100, allow_nan=False),
    top_k=st.integers(0, 1_000_000),
    top_p=st.floats(0, 1, exclude_min=True),
)
def test_a_decode_setting_has_a_name(temperature: float, top_k: int, top_p: float) -> None:
    """Any setting's name is a DNS label."""
    name = naming.setting_name(temperature=temperature, top_k=top_k, top_p=top_p)
    assert DNS_LABEL.fullmatch(name)
    assert len(name) <= 63


settings = st.tuples(st.floats(0, 100, allow_nan=False), st.integers(0, 99), st.floats(0, 1, exclude_min=True))


@given(one=settings, other=settings, near=st.booleans())
def test_two_decode_settings_never_share_a_name(
    one: tuple[float, int, float], other: tuple[float, int, float], near: bool
) -> None:
    """Results are found by this name: settings that differ in their last digit are two."""
    if near:
        other = (math.nextafter(one[0], math.inf), one[1], one[2])
    names = {naming.setting_name(temperature=each[0], top_k=each[1], top_p=each[2]) for each in (one, other)}
    assert len(names) == len({one, other})
