"""The shapes of texts, each with the words for a person who got it wrong.

They are written in what RE2 (API server) and Rust's regex (pydantic) read alike: no look-around, ASCII classes only,
anchored at both ends.
"""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

_STEERING = r"\x00-\x1f\x7f-\x9f\x{61c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}"
"""What steers a terminal: controls, directions of text, line separators."""
_PATH = r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*"

ALIAS: Final = r"^[A-Za-z][A-Za-z0-9_-]*$"
CHECKPOINT: Final = r"^checkpoints/[A-Za-z0-9][A-Za-z0-9._-]*$"
BENCHMARK: Final = r"^[a-z]([a-z0-9-]*[a-z0-9])?$"
BENCHMARK_OR_NONE: Final = r"^([a-z]([a-z0-9-]*[a-z0-9])?)?$"
DAY: Final = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
DIGEST: Final = r"^[0-9a-f]{64}$"
DIGEST_OR_NONE: Final = r"^([0-9a-f]{64})?$"
DNS_LABEL: Final = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
DNS_NAME: Final = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"
DNS_NAME_OR_NONE: Final = r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$"
DURATION: Final = r"^([1-9][0-9]{0,5}[hms]){1,3}$"
DURATION_OR_NONE: Final = r"^([1-9][0-9]{0,5}[hms]){0,3}$"
KEEP: Final = r"^(all|results|([1-9][0-9]{0,5}[hms]){1,3})$"
LABEL: Final = r"^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$"
LABEL_KEY_OR_NONE: Final = r"^(([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$"
METRIC: Final = r"^pass@[1-9][0-9]{0,3}$"
MOUNT: Final = r"^(/[.]?[A-Za-z0-9_][A-Za-z0-9._+@-]*)+$"
PATH: Final = f"^{_PATH}$"
PATH_OR_NONE: Final = f"^({_PATH})?$"
QUANTITY: Final = r"^[0-9]+(\.[0-9]+)?([KMGTPE]i|[numkMGTPE]|[eE][0-9]{1,2})?$"
REGISTERED: Final = f"^[^/:{_STEERING}]+$"
REGISTRY: Final = f"^models:/[^/@{_STEERING}]+(/[1-9][0-9]*|@[^/@{_STEERING}]+)$"
RELEASE: Final = r"^release_(v[1-9][0-9]*|latest)$"
REPORT_OR_NONE: Final = r"^(reports/[A-Za-z0-9][A-Za-z0-9._-]*)?$"
REPOSITORY: Final = r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)?$"
TRACKING_URI: Final = f"^[^@{_STEERING}]*$"
VARIABLE: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"
WORD: Final = r"^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$"

WORDS: Final[dict[str, str]] = {
    ALIAS: "an alias: letters, digits, - and _, beginning with a letter",
    BENCHMARK: "lower-case letters, digits and dashes, beginning with a letter",
    BENCHMARK_OR_NONE: "the name of a benchmark, or empty",
    CHECKPOINT: "the artifact of a training, such as checkpoints/0123456789abcdef",
    DAY: "a day such as 2025-02-01",
    DIGEST: "a sha256 in hexadecimal: 64 digits",
    DIGEST_OR_NONE: "a sha256 in hexadecimal, or empty",
    DNS_LABEL: "lower-case letters, digits and dashes, such as ca-bundle",
    DNS_NAME: "the name of a Kubernetes object",
    DNS_NAME_OR_NONE: "the name of a Kubernetes object, or empty",
    DURATION: "a duration such as 30m, 72h or 1h30m",
    DURATION_OR_NONE: "a duration such as 30m, 72h or 1h30m, or empty",
    KEEP: "all, results, or a duration such as 720h",
    LABEL: "a label's value: letters, digits, -, _ and .",
    LABEL_KEY_OR_NONE: "a label of nodes such as topology.kubernetes.io/zone, or empty",
    METRIC: "a metric such as pass@1",
    MOUNT: "a path from the root, such as /etc/ssl/certs, without ..",
    PATH: "a path below the workspace, without a leading / and without ..",
    PATH_OR_NONE: "a path below the workspace, without a leading / and without .., or empty",
    QUANTITY: "a quantity such as 4, 500m or 64Gi",
    REGISTERED: "a name without /, : and control characters",
    REGISTRY: "a registered model such as models:/NAME@ALIAS or models:/NAME/3, without control characters",
    RELEASE: "a release such as release_v6",
    REPORT_OR_NONE: "a report such as reports/0123456789abcdef, or empty",
    REPOSITORY: "a repository such as Qwen/Qwen3-4B-Instruct-2507",
    TRACKING_URI: "an address without control characters and credentials; give those to the operator as a Secret",
    VARIABLE: "the name of an environment variable",
    WORD: "letters, digits, -, _ and .",
}
"""What a text must be, in words."""
