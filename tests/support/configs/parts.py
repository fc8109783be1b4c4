"""What the configs of several stages have: keys, sources, a rendering, a decode setting, an engine."""

from typing import Literal

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_jobs.toy import base_model

CHAT = contract.Rendering(
    prompt_mode="Chat", chat_template_args={}, today="2026-04-01", template=files.builtin_template("instruct")
)
DECODE = contract.Decode(temperature=1.2, top_k=20, top_p=0.8)
COLUMNS = contract.Columns(
    id="id",
    statement="statement",
    starter_code="starterCode",
    difficulty="difficulty",
    tests="tests",
    sample_inputs="sampleInputs",
)
TOY = contract.Builtin(kind="builtin", name="toy")
TOY_MODEL = contract.PathModel(kind="path", path=str(base_model.directory()))


def key(letter: str) -> str:
    """Return a key of one letter."""
    return letter * 64


def rows_at(path: str) -> contract.PathRows:
    """Return a source: rows of a file, with our own names of the columns."""
    return contract.PathRows(kind="path", path=path, columns=COLUMNS)


def model_at(path: str) -> contract.PathModel:
    """Return a source: a model in a directory."""
    return contract.PathModel(kind="path", path=path)


def engine(
    name: Literal["Transformers", "VLLM"] = "Transformers", **args: bool | int | float | str
) -> contract.EngineConfig:
    """Return an engine with some arguments of its own."""
    return contract.EngineConfig(name=name, args=args, trust_remote_code=False)


TRANSFORMERS = engine()
