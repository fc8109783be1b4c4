"""What is named on a volume: what is to stay when the rest is removed."""

from ssd_jobs.contract.base import ArtifactPath, Model

__all__ = ["NamedArtifacts"]


class NamedArtifacts(Model):
    """Artifacts that someone may still want, by their directories below the workspace."""

    named: tuple[ArtifactPath, ...]
    """Of runs that go on, or that keep everything."""
    results_of: tuple[ArtifactPath, ...]
    """Of runs that are over and keep their results alone."""
    claim: str
    """Name of the claim in the source of a registered version, `local` on one machine."""
    tracking_uris: tuple[str, ...]
    """MLflow servers that may have registered weights that are here."""
