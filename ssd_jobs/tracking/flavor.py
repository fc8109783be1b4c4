"""What turns an exported directory into an MLflow model that transformers and vLLM open.

The files of the export are the root of the model, so that a downloaded version is itself a Hugging Face directory:
`vllm serve DIR`. MLflow's own way for a local checkpoint puts a copy of the weights on the disk first, asks for a task
of a transformers version it was tested with, and looks on the hub for a model card; none of that is needed for a
file that says where everything is. The tokenizer's files are there twice because the flavor looks for them there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput

__all__ = ["COMPONENTS", "DESCRIPTION", "EXAMPLES", "TOKENIZER_COPY", "Upload", "describe", "uploads"]

DESCRIPTION = "MLmodel"
TOKENIZER = ("tokenizer", "special_tokens", "vocab", "merges", "added_tokens", "chat_template", "sentencepiece")
EXAMPLE = ["Write a Python function add(a, b) that returns the sum of a and b."]
EXAMPLES = {"input_example.json": EXAMPLE, "serving_input_example.json": {"inputs": EXAMPLE}}
"""Files with what the model may be asked: for Python, and for a server of MLflow."""
COMPONENTS = "components"
TOKENIZER_COPY = f"{COMPONENTS}/tokenizer"


@dataclass(frozen=True)
class Upload:
    """One file and the folder that it goes to."""

    source: Path
    folder: str | None

    @property
    def target(self) -> str:
        """Return its path inside the model."""
        return f"{self.folder}/{self.source.name}" if self.folder else self.source.name


def uploads(directory: Path) -> list[Upload]:
    """Return every file of the export, and its tokenizer's files once more where the flavor wants them."""
    if not (directory / files.MODEL_CONFIG).is_file():
        raise BadInput(f"{directory}: is no model (no {files.MODEL_CONFIG}); run train again")
    paths = sorted(path for path in directory.rglob("*") if path.is_file() and not path.name.startswith("."))
    found = []
    for path in paths:
        folder = path.parent.relative_to(directory).as_posix()
        found.append(Upload(path, None if folder == "." else folder))
    return found + [Upload(each, TOKENIZER_COPY) for each in paths if each.name.startswith(TOKENIZER)]


def describe(*, name: str, model_id: str, run_id: str, labels: Mapping[str, str]) -> str:
    """Return the MLmodel file; the auto classes need no code of the model's own."""
    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    text_in_out = Schema([ColSpec(DataType.string)])
    asked, served = EXAMPLES
    model = Model(
        model_id=model_id,
        run_id=run_id,
        metadata=dict(labels),
        signature=ModelSignature(inputs=text_in_out, outputs=text_in_out),
        saved_input_example_info={"artifact_path": asked, "serving_input_path": served, "type": "json_object"},
    )
    model.add_flavor(
        "transformers",
        transformers_version=metadata.version("transformers"),
        code=None,
        task="text-generation",
        instance_type="TextGenerationPipeline",
        source_model_name=name,
        pipeline_model_type="AutoModelForCausalLM",
        model_binary=".",
        components=["tokenizer"],
        tokenizer_type="AutoTokenizer",
    )
    text: str = model.to_yaml()
    return text
