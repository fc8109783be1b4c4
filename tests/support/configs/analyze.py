"""The config of analyze."""

from pathlib import Path

from configs.parts import key
from ssd_jobs import contract
from ssd_jobs.contract import files


def analyze_config(
    workspace: Path,
    *,
    problems: int = 4,
    temperatures: tuple[float, ...] = (0.5, 1.0),
    candidate: str = files.export("checkpoints/c"),
    samples: str = "samples/run",
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
            max_tokens=16,
            temperatures=temperatures,
            decode=contract.Decode(temperature=1.0, top_k=20, top_p=0.8),
            seed=0,
            trust_remote_code=False,
        ),
        base="models/base",
        candidate=candidate,
        samples=samples,
        output=output,
        execution=contract.AnalyzeExecution(metrics_port=0, image="", gpus=0),
    )
