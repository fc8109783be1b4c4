"""A gate with every condition that there is; a test changes the one that it is about."""

from ssd_jobs import contract

GUARD = contract.Guard(benchmark="humaneval", metric="pass@1", max_drop=0.1)
GATE = contract.Gate(
    benchmark="lcb",
    metric="pass@1",
    baseline="Fixed",
    confidence=0.95,
    min_gain=0.0,
    max_difficulty_drop=0.02,
    pass_at_5=True,
    max_pass_at_5_drop=0.02,
    max_truncated_share=0.05,
    guards=(GUARD,),
    champion="Compare",
)
