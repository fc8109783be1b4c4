"""The config of analyze."""

from pathlib import Path
from typing import Literal

from configs.parts import key
from ssd_jobs import contract
from ssd_jobs.contract import files

TRUNCATION = contract.Truncation(top_k=20, top_p=0.8)
SAMPLING = contract.Decode(temperature=1.3, top_k=10, top_p=0.9)
GENERATIONS, VERDICTS = "generations/{arm}", "verdicts/{arm}"


def analyze_config(
    workspace: Path,
    *,
    problems: int = 4,
    positions: int = 16,
    temperatures: tuple[float, ...] = (0.5, 1.0),
    truncation: contract.Truncation | None = TRUNCATION,
    candidate: str = files.export("checkpoints/c"),
    output: str = "reports/run",
) -> contract.AnalyzeConfig:
    """Return a config that looks at base and candidate on the CPU."""
    return contract.AnalyzeConfig(
        version=1,
        stage="analyze",
        name="analyze",
        key=key("f"),
        workspace=str(workspace),
        science=contract.AnalyzeScience(
            problems=problems,
            positions=positions,
            temperatures=temperatures,
            truncation=truncation,
            sampling=SAMPLING,
            replicates=200,
            seed=0,
            trust_remote_code=False,
        ),
        base="models/base",
        candidate=candidate,
        evaluations=(_evaluation("Base"), _evaluation("Candidate")),
        output=output,
        execution=contract.AnalyzeExecution(metrics_port=0, image="", gpus=0),
    )


def _evaluation(arm: Literal["Base", "Candidate"]) -> contract.Evaluation:
    """Return where an arm's answers and verdicts are."""
    return contract.Evaluation(
        stage=f"grade-{arm.lower()}-b",
        generated_by=f"generate-{arm.lower()}-b",
        arm=arm,
        setting="t1",
        decode=contract.Decode(temperature=1.0, top_k=20, top_p=0.8),
        fixed=True,
        mode="Process",
        verdicts=VERDICTS.format(arm=arm),
        generations=GENERATIONS.format(arm=arm),
    )
