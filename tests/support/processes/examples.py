"""The programs of the examples, as modules."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

__all__ = ["load"]

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def load(example: str, program: str) -> ModuleType:
    """Return a program of an example; what lies beside it can be imported by it."""
    folder = str(EXAMPLES / example)
    if folder not in sys.path:
        sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(f"{example}_{program}", EXAMPLES / example / f"{program}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
