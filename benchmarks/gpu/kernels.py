"""What the GPU does in one step, by kind of kernel, and for how long it waits."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["busy", "kind", "summary", "waits"]

KINDS = (
    ("communication", r"nccl"),
    ("optimizer", r"adam|multi_tensor"),
    ("attention", r"flash|fmha|attention|attn"),
    ("fused", r"rms_norm|layer_norm|swiglu|geglu|rope|triton"),
    ("matrix products", r"nvjet|gemm|gemv|cutlass|cublas|splitkreduce|grouped_mm"),
    ("loss", r"softmax|nll"),
    ("copies", r"memcpy|memset|copy|catarray|split_with_sizes|fill"),
    ("indexing", r"index|gather|scatter|embedding|sort|scan"),
    ("reductions", r"reduce"),
    ("elementwise", r"elementwise|kernel"),
)
"""The first that matches names the kind: kernels of one library are told apart before what all of them are."""
ON_DEVICE = ("kernel", "gpu_memcpy", "gpu_memset")


def kind(name: str) -> str:
    """Return what a kernel is for, by its name."""
    return next((found for found, pattern in KINDS if re.search(pattern, name.lower())), "other")


def summary(trace: Path, seconds: float) -> dict[str, Any]:
    """Return each kind's share of the GPU's time in a step that took so long, and the longest kernels."""
    events = [event for event in json.loads(trace.read_text())["traceEvents"] if event.get("cat") in ON_DEVICE]
    by_kind: Counter[str] = Counter()
    by_name: Counter[str] = Counter()
    for event in events:
        by_kind[kind(event["name"])] += event["dur"]
        by_name[event["name"][:120]] += event["dur"]
    total = sum(by_kind.values())
    return {
        "gpu_idle": round(1 - busy(events) / 1e6 / seconds, 4),
        "gpu_s": round(total / 1e6, 4),
        "kernels": len(events),
        "shares": {name: round(spent / total, 4) for name, spent in by_kind.most_common()},
        "longest_ms": {name: round(spent / 1e3, 2) for name, spent in by_name.most_common(20)},
        "longest_waits_ms": [(round(waited / 1e3, 2), name) for waited, name in sorted(waits(events))[:-11:-1]],
    }


def waits(events: Iterable[Mapping[str, Any]]) -> Iterator[tuple[float, str]]:
    """Yield for how many microseconds no kernel ran, and which one came then."""
    until = None
    for event in sorted(events, key=lambda each: each["ts"]):
        if until is not None and event["ts"] > until:
            yield event["ts"] - until, event["name"][:80]
        until = max(until or 0.0, event["ts"] + event["dur"])


def busy(events: Iterable[Mapping[str, Any]]) -> float:
    """Return for how many microseconds at least one kernel ran."""
    spans = sorted((event["ts"], event["ts"] + event["dur"]) for event in events)
    length, until = 0.0, float("-inf")
    for begun, ended in spans:
        length += max(0.0, ended - max(begun, until))
        until = max(until, ended)
    return length
