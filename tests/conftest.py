"""Fixtures that every test may use; each topic's live in tests/support."""

from hypothesis import settings

pytest_plugins = ["workspaces.tables", "controlplane.fixtures", "tracking.mlflow_server"]

# A law is about values, not about how busy the machine is.
settings.register_profile("laws", deadline=None)
settings.load_profile("laws")
