"""The table of stages in docs/reference.md: what a user can set of each, and what its pods may do."""

from ssd_jobs.contract.stages import STAGES, ConfigField, SpecField, StageKind, When

__all__ = ["table"]

HEADINGS = ("stage", "processes", "image", "its pod", "failures", "seconds to stop", "network", "MLflow", "needed")


def table() -> list[str]:
    """Return the lines of the table, a row per kind of stage."""
    rows = (tuple(cells(stage)) for stage in STAGES.values())
    lines = (HEADINGS, tuple("---" for _ in HEADINGS), *rows)
    return [f"| {' | '.join(line)} |" for line in lines]


def cells(stage: StageKind) -> list[str]:
    """Return what is said of one kind."""
    return [
        f"`{stage.title}`",
        stage.shape.lower(),
        stage.image,
        f"`{stage.pod.path}`",
        f"`{stage.retry.limit.path}`" if isinstance(stage.retry.limit, SpecField) else str(stage.retry.limit),
        str(stage.grace_s),
        network(stage.programs),
        credentials(stage.tracking),
        "no" if stage.optional else "yes",
    ]


def network(programs: ConfigField | None) -> str:
    """Say whether the pods reach anything."""
    if programs is None:
        return "yes"
    return "none" if programs.path == "science" else f"none where `{programs.path}` is given"


def credentials(column: bool | When) -> str:
    """Say whether the pods get MLflow's credentials."""
    if isinstance(column, bool):
        return "yes" if column else ""
    found = f"is `{column.value}`" if isinstance(column.value, str) else "is given"
    return f"where `{column.path}` {found}"
