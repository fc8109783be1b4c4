"""Select: the setting with the highest pass@k on select problems; among equals, the one with the lowest temperature.

The order among equals follows from the settings alone (then the smaller top-k, then the smaller top-p, where 0 and 1
keep everything), so that the same verdicts give the same choice whatever order a sweep is written in.
"""

from functools import partial
from math import comb

import pyarrow as pa

from ssd_jobs import artifacts, scoring
from ssd_jobs.artifacts import Draft, Provenance, selections, tables
from ssd_jobs.context import Context
from ssd_jobs.contract import Choice, SelectConfig, SelectResult, SelectSetting, Tried, files, science_of
from ssd_jobs.errors import BadInput

__all__ = ["choose", "run"]


def run(config: SelectConfig, context: Context) -> SelectResult:
    """Choose, or find the choice made."""
    output = context.output(config, path=config.output, key=config.key)
    made = artifacts.make(output, partial(_select, config, context))
    found = selections.read(made)
    return SelectResult(
        stage="select",
        digest=made.digest,
        message=str(made.manifest.facts["told"])[:160],
        setting=found.chosen,
        k=found.k,
        value=repr(next(each.value for each in found.tried if each.name == found.chosen)),
        settings=len(found.tried),
        problems=found.problems,
    )


def choose(tried: tuple[Tried, ...]) -> Tried:
    """Return the best of some settings."""
    return min(tried, key=lambda each: (-each.value, each.decode.temperature, each.decode.top_k, each.decode.top_p))


def _select(config: SelectConfig, context: Context, draft: Draft) -> Provenance:
    """Score every setting and write down which one is chosen."""
    verdicts = {each.name: _verdicts(each, context) for each in config.settings}
    scores = {name: _scores(name, shards, config) for name, shards in verdicts.items()}
    problems = {each.problem_ids for each in scores.values()}
    if len(problems) > 1:
        raise BadInput(f"{config.name}: the settings were graded on different problems; run their grade again")
    tried = tuple(
        Tried(name=each.name, decode=each.decode, value=_value(scores[each.name], config.science.k))
        for each in config.settings
    )
    chosen = choose(tried)
    found = Choice(
        arm=config.arm,
        chosen=chosen.name,
        benchmark=config.select_benchmark,
        problems=len(problems.pop()),
        k=config.science.k,
        tried=tried,
    )
    draft.write_text(files.SELECTION, found.model_dump_json(indent=1) + "\n")
    told = f"{chosen.name}: pass@{found.k} {chosen.value:.3f}, best of {len(tried)} on {found.problems} problems"
    return Provenance(
        science=science_of(config.science),
        inputs={name: artifacts.joint_digest(shards) for name, shards in verdicts.items()},
        counts={"settings": len(tried), "problems": found.problems},
        facts={"told": told, "chosen": chosen.decode.model_dump()},
        image=config.execution.image,
    )


def _verdicts(setting: SelectSetting, context: Context) -> list[artifacts.Artifact]:
    """Return the graded shards of one setting."""
    return artifacts.open_shards(context.path(setting.verdicts))


def _scores(name: str, shards: list[artifacts.Artifact], config: SelectConfig) -> scoring.Scores:
    """Count the verdicts on one setting."""
    data = pa.concat_tables([each.table(files.VERDICTS, tables.VERDICTS) for each in shards])
    samples = config.science.samples_per_problem
    return scoring.score(data, samples=samples, source=f"{config.name} at {name}")


def _value(scores: scoring.Scores, k: int) -> float:
    """Return pass@k from counts of draws, so that equal counts are equal numbers in whatever order they are added."""
    n, wrong = scores.samples, (scores.samples - scores.right).tolist()
    draws = comb(n, k)
    return sum(draws - comb(each, k) for each in wrong) / (draws * len(wrong))
