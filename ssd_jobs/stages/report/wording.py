"""What comparisons and choices are called, the same on the page, in the summary and in the figures."""

from collections.abc import Iterator

from ssd_jobs.scoring.formatting import describe, percent, points
from ssd_jobs.stages.report.document import (
    ArmResult,
    BenchmarkSection,
    BestSetting,
    Comparison,
    RoundSection,
    SelectSection,
)

__all__ = ["ARM_NAMES", "arm_label", "best_sentence", "gain_label", "round_sentences", "same_setting_label", "versus"]

DIGITS = 12
"""Of a digest: enough for a person to compare."""
ARM_NAMES = {"Base": "base", "Candidate": "+SSD"}


def arm_label(arm: ArmResult) -> str:
    """Return what an arm at one of its settings is called."""
    which = " and ".join(word for word, holds in (("fixed", arm.fixed), ("chosen", arm.chosen)) if holds)
    return f"{ARM_NAMES[arm.arm]}, {which} setting" if arm.chosen else ARM_NAMES[arm.arm]


def gain_label(panel: BenchmarkSection, comparison: Comparison) -> str:
    """Return what a gain is the gain of."""
    if comparison.baseline == "BestDecode":
        return "gain, best against best"
    decodes = {arm.decode.model_dump_json() for arm in panel.arms if arm.fixed}
    return "gain at the same fixed setting" if len(decodes) == 1 else "gain, each at its fixed setting"


def versus(comparison: Comparison) -> str:
    """Return what the candidate is compared with."""
    return "the base, both at chosen settings" if comparison.baseline == "BestDecode" else "the base"


def round_sentences(found: RoundSection) -> Iterator[str]:
    """Yield where the candidate stands in a chain of rounds, and what it gained over the root of that."""
    yield f"Round {found.number}: started from {found.parent[:DIGITS]}, the root is {found.root[:DIGITS]}"
    for each in found.against_root:
        for k, delta in each.delta.items():
            gain = f"{points(delta.value)} [{points(delta.low)}, {points(delta.high)}]"
            yield f"{each.benchmark} pass@{k} against the root, which has {percent(each.root[k])}: {gain} points"


def same_setting_label(select: SelectSection) -> str:
    """Return what is the same in the comparison at equal settings."""
    settings = {arm.setting for arm in select.arms}
    return f"gain at equal settings, mean of {len(settings)}, on {select.problems['all']} select problems"


def best_sentence(best: BestSetting, select: SelectSection) -> str:
    """Return what was chosen, from how many, on which problems, and what it is worth where nobody chose."""
    where = f"{select.problems['all']} select problems of {select.benchmark}"
    text = f"{ARM_NAMES[best.arm]}: {describe(best.decode)} is the best of {best.settings} on {where}"
    text += f", pass@{best.k} {percent(best.select)} there"
    if best.report is None or best.optimism is None:
        return f"{text}; it was not evaluated on report problems"
    found = f"{percent(best.report.value)} [{percent(best.report.low)}, {percent(best.report.high)}]"
    return f"{text} and {found} on report problems: optimism {points(best.optimism)} points"
