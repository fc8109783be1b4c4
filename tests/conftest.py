"""Fixtures that every test may use; each topic's live in tests/support."""

from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tables_support", "controlplane.fixtures", "mlflow_server"]

ENDURANCE = frozenset(
    {
        "ssd_jobs/engine/test_vllm_engine.py",
        "ssd_jobs/gate/test_gate_laws.py",
        "ssd_jobs/prepare/test_memory.py",
        "ssd_jobs/report/test_killed.py",
        "ssd_jobs/sampling/test_kill.py",
        "ssd_jobs/tracking/test_crashes.py",
        "ssd_jobs/training/test_compiling.py",
        "ssd_jobs/training/test_launcher.py",
        "ssd_jobs/training/test_resume.py",
        "ssd_operator/local/test_whole_run.py",
        "ssd_operator/reconcile/test_crashes.py",
        "ssd_operator/reconcile/test_faults.py",
        "test_controlplane_build.py",
    }
)
"""Files whose laws take minutes: processes killed again and again, hundreds of trials. `make endurance` runs them."""


# A law is about values, not about how busy the machine is.
settings.register_profile("laws", deadline=None)
settings.load_profile("laws")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that `make test` leaves to `make endurance`."""
    root = Path(__file__).parent
    for item in items:
        if item.path.relative_to(root).as_posix() in ENDURANCE:
            item.add_marker(pytest.mark.endurance)
