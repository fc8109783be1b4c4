"""Numbers and settings as people read them, the same in the gate's reasons, the page, the summary and the figures."""

from ssd_jobs.contract import Decode

__all__ = ["describe", "percent", "points"]


def percent(share: float) -> str:
    """Return a share in per cent."""
    return f"{share * 100:.1f}"


def points(share: float) -> str:
    """Return a difference in percentage points, with a real minus."""
    return f"{share * 100:+.1f}".replace("-", "−")


def describe(decode: Decode) -> str:
    """Return a decode setting in words."""
    if decode.temperature == 0:
        return "greedy"
    cuts = [f"top-k {decode.top_k}"] if decode.top_k else []
    cuts += [f"top-p {decode.top_p:g}"] if decode.top_p < 1 else []
    return ", ".join([f"T {decode.temperature:g}", *cuts])
