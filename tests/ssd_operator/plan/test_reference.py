"""The stage that runs reference solutions is there where a benchmark's assertions need it, and for nobody else."""

from configs import plans
from ssd_jobs import contract


def test_only_a_benchmark_with_assertions_has_the_stage() -> None:
    """It comes after prepare and before that benchmark's grades, which read what it found; no other grade knows it."""
    graph = plans.graph(plans.spec(evaluation=plans.ASSERTED))
    [reference] = graph.of(contract.ReferenceConfig)
    assert (reference.name, reference.upstream) == ("reference-humaneval", ("prepare",))
    for graded in graph.of(contract.GradeConfig):
        assert isinstance(graded.config, contract.GradeConfig)
        asserted = graded.config.benchmark == "humaneval"
        assert (reference.name in graded.upstream) == asserted
        assert graded.config.references == (reference.artifacts[0].path if asserted else None)
    assert not plans.graph().of(contract.ReferenceConfig)


def test_a_rerun_from_it_reaches_the_grades_of_its_benchmark() -> None:
    """Done again, it gives the verdicts of its benchmark and the report new keys, and nothing else."""
    before = plans.graph(plans.spec(evaluation=plans.ASSERTED))
    after = plans.graph(plans.spec(evaluation=plans.ASSERTED, rerun={"from": "Reference", "nonce": "2"}))
    changed = {node.name for node in before if node.key != after[node.name].key}
    assert changed == {"reference-humaneval", "grade-base-humaneval", "grade-candidate-humaneval", "report"}
