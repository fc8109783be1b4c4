"""Both arms on one benchmark under one grading mode, paired by problem.

A panel answers one kind of question: what is pass@k of this arm, or the difference of the arms, on this stratum, on
every bootstrap draw? No answer is a maximum: which settings are compared was settled without these problems. Draws
depend on the seed and on names only, so that a further decode setting or a further k changes no number that was there
before.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ssd_jobs.contract import Arm
from ssd_jobs.errors import BadInput
from ssd_jobs.programs.gradable import DIFFICULTIES
from ssd_jobs.scoring import bootstrap, passk
from ssd_jobs.scoring.bootstrap import Ints, Replicated
from ssd_jobs.scoring.scores import Scores

__all__ = ["ALL", "STRATA", "Baseline", "Panel", "Variety"]

ALL = "all"
STRATA = (ALL, *DIFFICULTIES)
FEWEST = 2
"""Problems below which no interval of a mean over them can be had."""
Baseline = Literal["Fixed", "BestDecode"]
"""Each arm at the setting that was named before the run, or at the one that was chosen for it on other problems."""


@dataclass(frozen=True)
class Variety:
    """The chance that two right programs for one problem are different solutions, in the mean over some problems."""

    problems: int
    base: Replicated
    candidate: Replicated


class Panel:
    """Every evaluation of one benchmark under one grading mode."""

    def __init__(
        self,
        *,
        name: str,
        evaluations: Mapping[tuple[Arm, str], Scores],
        fixed: Mapping[Arm, str],
        chosen: Mapping[Arm, str],
        replicates: int,
        seed: int,
    ) -> None:
        self.name = name
        self.evaluations = dict(evaluations)
        self.fixed = dict(fixed)
        self.chosen = dict(chosen)
        self._replicates = replicates
        self._seed = seed
        self._known: dict[tuple[Arm, str, str, int], Replicated] = {}
        first = next(iter(self.evaluations.values()))
        for (arm, setting), scores in self.evaluations.items():
            if (scores.problem_ids, scores.difficulty) != (first.problem_ids, first.difficulty):
                raise BadInput(
                    f"{name}: {arm} at {setting} was graded on other problems than the rest; run its grade again"
                )
        self.strata = tuple(stratum for stratum in STRATA if first.within(stratum).size)

    @property
    def paired(self) -> bool:
        """Whether both arms were evaluated at the settings that were fixed before the run."""
        return self.compares("Fixed")

    def compares(self, baseline: Baseline) -> bool:
        """Tell whether both arms were evaluated at the settings that are compared."""
        settings = self._settings(baseline)
        return len(settings) == 2 and self.evaluations.keys() >= set(settings.items())

    def nearest(self, baseline: Baseline) -> Baseline:
        """Return this way to compare, or the other where no setting was to be chosen on this benchmark."""
        return baseline if self.compares(baseline) else "Fixed"

    def setting(self, arm: Arm, baseline: Baseline) -> str:
        """Return the decode setting at which an arm is compared."""
        return self._settings(baseline)[arm]

    def scores(self, arm: Arm, baseline: Baseline = "Fixed") -> Scores:
        """Return an arm's evaluation at that setting."""
        return self.evaluations[arm, self.setting(arm, baseline)]

    def settings(self, arm: Arm) -> list[str]:
        """Return the decode settings of an arm, the fixed one first."""
        found = [setting for owner, setting in self.evaluations if owner == arm]
        return sorted(found, key=lambda setting: (setting != self.fixed.get(arm), setting))

    def at(self, arm: Arm, setting: str, *, k: int, stratum: str = ALL) -> Replicated:
        """Return pass@k of an arm at a setting."""
        place = (arm, setting, stratum, k)
        if place not in self._known:
            scores = self.evaluations[arm, setting]
            inside = scores.within(stratum)
            drawn = self._drawn(stratum, inside.size)
            rng = self._rng(stratum, arm, setting)
            (self._known[place],) = bootstrap.replicate(scores.right[inside], scores.samples, [k], drawn, rng)
        return self._known[place]

    def base(self, baseline: Baseline, *, k: int, stratum: str = ALL) -> Replicated:
        """Return what the candidate is compared with: the base at its fixed setting, or at its chosen one."""
        return self.at("Base", self.setting("Base", baseline), k=k, stratum=stratum)

    def delta(self, baseline: Baseline, *, k: int, stratum: str = ALL) -> Replicated:
        """Return candidate minus base, both at their fixed settings or both at their chosen ones."""
        candidate = self.at("Candidate", self.setting("Candidate", baseline), k=k, stratum=stratum)
        return candidate - self.base(baseline, k=k, stratum=stratum)

    @property
    def shared_settings(self) -> list[str]:
        """Return the decode settings at which both arms were evaluated."""
        return [each for each in self.settings("Base") if ("Candidate", each) in self.evaluations]

    def at_equal_settings(self, *, k: int, stratum: str = ALL) -> Replicated:
        """Return candidate minus base at the same setting, in the mean over all settings that both have."""
        differences = (
            self.at("Candidate", each, k=k, stratum=stratum) - self.at("Base", each, k=k, stratum=stratum)
            for each in self.shared_settings
        )
        return bootstrap.mean(list(differences))

    def differing(self, baseline: Baseline, *, k: int) -> int:
        """Return on how many problems the candidate's pass@k is not the base's."""
        return int(self._differs(*self.pair(baseline), k=k).sum())

    def uncertain(self, baseline: Baseline, *, k: int) -> int:
        """Return on how many problems the arms differ, or one is now right, now wrong: what gives an interval width."""
        pair = self.pair(baseline)
        mixed = [(each.right > 0) & (each.right < each.samples) for each in pair]
        return int((self._differs(*pair, k=k) | mixed[0] | mixed[1]).sum())

    def pair(self, baseline: Baseline) -> tuple[Scores, Scores]:
        """Return the base and the candidate as they are compared."""
        return self.scores("Base", baseline), self.scores("Candidate", baseline)

    @staticmethod
    def _differs(base: Scores, candidate: Scores, *, k: int) -> NDArray[np.bool_]:
        ours, theirs = (passk.pass_table(each.samples, k)[each.right] for each in (candidate, base))
        differs: NDArray[np.bool_] = ours != theirs
        return differs

    def variety(self, baseline: Baseline) -> Variety | None:
        """Return how different the right programs of either arm are, on the problems of which both have two.

        A pair is drawn from the right programs of each, so that an arm with more of them has no advantage.
        """
        base, candidate = (each.variety for each in self.pair(baseline))
        shared = ~np.isnan(base + candidate)
        problems = int(shared.sum())
        if problems < FEWEST:
            return None
        drawn = self._drawn("variety", problems)
        ours, theirs = (bootstrap.resampled_mean(each[shared], drawn) for each in (candidate, base))
        return Variety(problems, theirs, ours)

    def truncation(self, baseline: Baseline) -> Replicated:
        """Return how much more often the candidate's generations were cut than the base's."""
        base, candidate = self.pair(baseline)
        rise = candidate.truncated - base.truncated
        return bootstrap.resampled_mean(rise, self._drawn(ALL, rise.size))

    def _drawn(self, name: str, size: int) -> Ints:
        """Return the drawn problems that all statistics of this name share, which is what pairs them."""
        return bootstrap.draw_problems(size, self._replicates, self._rng(name))

    def _settings(self, baseline: Baseline) -> dict[Arm, str]:
        return self.fixed if baseline == "Fixed" else self.chosen

    def _rng(self, *names: str) -> np.random.Generator:
        """Return the generator that belongs to these names."""
        text = "\0".join((self.name, *names))
        return np.random.default_rng([self._seed % 2**64, *_words(text)])


def _words(text: str) -> Sequence[int]:
    """Return a text as seed words that are the same on every machine."""
    digest = hashlib.sha256(text.encode()).digest()
    return [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
