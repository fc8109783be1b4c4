"""Which combinations of protection are strong, and what is refused."""

import pytest

from ssd_jobs.sandbox import landlock, layers, seccomp

FULL = ["user", "mount", "pid", "net", "ipc", "uts"]
CASES = {
    # name: (Landlock version, system call filter, namespaces, strong)
    "pod on a new kernel": (7, True, [], True),
    "first version with scopes": (6, True, [], True),
    "pod on an older kernel": (5, True, [], False),
    "workstation on an older kernel": (4, True, FULL, True),
    "workstation without own processes": (4, True, ["user", "net", "ipc", "uts"], False),
    "before truncate was guarded": (2, True, FULL, False),
    "no Landlock": (0, True, FULL, False),
    "no system call filter": (7, False, FULL, False),
}


@pytest.mark.parametrize(("abi", "filtered", "own", "strong"), CASES.values(), ids=CASES.keys())
def test_strength(abi: int, filtered: bool, own: list[str], strong: bool) -> None:
    """The table is the rule; a weak combination says why."""
    reason = layers.weakness({"landlock": abi, "seccomp": filtered, "namespaces": own})
    assert bool(reason) is not strong
    assert strong or str(abi) in reason or "filter" in reason


@pytest.mark.parametrize("report", [{}, {"seccomp": "yes"}, {"seccomp": True, "landlock": "7"}, {"seccomp": True}])
def test_a_report_that_says_nothing_is_weak(report: dict[str, object]) -> None:
    """What a greeting does not claim in the right form is not there."""
    assert layers.weakness(report)


def test_the_report_is_what_this_machine_has() -> None:
    """The report names the kernel's Landlock version and the namespaces that were entered."""
    report = layers.detect(("user", "pid"))
    assert report["landlock"] == landlock.abi()
    assert report["seccomp"] == seccomp.available()
    assert report["namespaces"] == ["user", "pid"]
