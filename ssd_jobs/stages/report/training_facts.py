"""What a page says about data and training, fact by fact; what weakens the experiment is marked."""

from collections.abc import Iterator
from dataclasses import dataclass

from ssd_jobs.programs.filtering import is_mostly_unexercised
from ssd_jobs.scoring.formatting import percent
from ssd_jobs.stages.report.document import Overlap, TrainingData

__all__ = ["Fact", "facts"]


@dataclass(frozen=True)
class Fact:
    """One line."""

    name: str
    text: str
    weak: bool = False
    """Whether a reader must bear it in mind."""


def facts(found: TrainingData) -> Iterator[Fact]:
    """Yield what is known, in the order in which it happened."""
    if found.pool:
        yield Fact("Training problems", _problems(found.pool))
    if found.correctness_signal:
        yield Fact("Choice by correctness", found.correctness_signal, weak=True)
    if found.overlap_words and found.curation:
        yield from _overlaps(found)
    if found.curation:
        yield Fact("Filter", _filtered(found), weak=is_mostly_unexercised(found.curation))
        yield Fact("Records", _records(found))
    yield from _candidate(found)
    if found.final_loss is not None:
        tokens = f", {found.tokens:,} tokens" if found.tokens else ""
        yield Fact("Last loss", f"{found.final_loss:.4f} after {found.steps or 0:,} steps{tokens}")


def _candidate(found: TrainingData) -> Iterator[Fact]:
    """Yield that the candidate is the training on its way, which is another thing than a short training."""
    if found.candidate_step is not None:
        of = f" of {found.steps:,}" if found.steps else ""
        text = (
            f"as it was after step {found.candidate_step:,}{of}: where the learning rate decays, "
            f"that is not a run of {found.candidate_step:,} steps"
        )
        yield Fact("Candidate", text, weak=True)


def _problems(pool: dict[str, int]) -> str:
    """Return what became of the rows of the source."""
    said = [f"{pool.get('kept', 0):,} of {pool.get('rows', 0):,} rows of the source"]
    said += [f"{pool[name]:,} {words}" for name, words in (("unique", "different statements"),) if name in pool]
    said += [f"{pool['passed']:,} with a right answer"] if "passed" in pool else []
    said += [f"{pool['candidates']:,} before the limit"] if pool.get("candidates", 0) > pool.get("kept", 0) else []
    return "; ".join(said)


def _overlaps(found: TrainingData) -> Iterator[Fact]:
    """Yield what the problems share with each benchmark."""
    name, sequence = "Overlaps", f"a sequence of {found.overlap_words} words"
    if found.decontaminate == "Ignore":
        yield Fact(name, "not looked for (prompts.decontaminate: Ignore)", weak=True)
    elif not any(each.problems for each in found.overlaps):
        yield Fact(name, f"no problem that is trained on shares {sequence} with a benchmark")
    for each in found.overlaps:
        if each.problems:
            yield _overlap(each, found, sequence)


def _overlap(each: Overlap, found: TrainingData, sequence: str) -> Fact:
    name = f"Overlaps with {each.benchmark}"
    if found.decontaminate == "Drop":
        return Fact(name, f"{each.problems:,} problems share {sequence} with it and were left out")
    trained = int(found.curation.get("problems", 0) - found.curation.get("problems_left_empty", 0))
    text = (
        f"{each.problems:,} of the {trained:,} problems trained on share {sequence} with it: {each.records:,} records"
    )
    return Fact(name, text, weak=True)


def _filtered(found: TrainingData) -> str:
    """Return how many samples stay, and why others do not."""
    counts = found.curation
    left = {name.removeprefix("removed_"): int(n) for name, n in counts.items() if name.startswith("removed_") and n}
    text = f"{found.filter}: {int(counts.get('records', 0)):,} of {int(counts.get('samples', 0)):,} samples stay"
    if left:
        reasons = sorted(left.items(), key=lambda item: (-item[1], item[0]))
        text += f"; left out: {', '.join(f'{number:,} {name}' for name, number in reasons)}"
    if counts.get("unexercised"):
        text += f"; {int(counts['unexercised']):,} stay that had no input to run on"
    return text


def _records(found: TrainingData) -> str:
    counts = found.curation
    empty = int(counts.get("problems_left_empty", 0))
    text = f"{int(counts.get('records', 0)):,} records, trained on for {counts.get('epochs', 0):.3g} epochs"
    text += f"; {percent(counts['yield'])} % of the samples" if "yield" in counts else ""
    return text + (f"; {empty:,} {'problem has' if empty == 1 else 'problems have'} none" if empty else "")
