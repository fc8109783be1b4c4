"""How settings truncate, in words: cells of one truncation are one curve."""

from ssd_jobs.contract import Decode

__all__ = ["cut", "truncation"]


def truncation(train: Decode, decode: Decode) -> str:
    """Return how training samples and answers are cut, which keeps cells apart that temperature alone would join."""
    return f"trained {cut(train)}, decoded {cut(decode)}"


def cut(decode: Decode) -> str:
    """Return how a setting truncates, in words."""
    words = [f"top-k {decode.top_k}"] if decode.top_k else []
    words += [f"top-p {decode.top_p:g}"] if decode.top_p < 1 else []
    return "/".join(words) or "uncut"
