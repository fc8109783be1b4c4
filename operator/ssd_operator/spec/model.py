"""Which model is distilled from itself."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ssd_operator.spec import patterns
from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Science
from ssd_operator.spec.pod import KeySelector
from ssd_operator.spec.scalars import Day, FreeForm, RelativePath

__all__ = ["ExportedModel", "HubModel", "Model", "ModelSource"]

Repository = Annotated[str, Field(max_length=200, pattern=patterns.REPOSITORY)]


class HubModel(Section):
    """A repository of the Hugging Face hub."""

    mark = Science

    repo: Repository
    """Repository, such as Qwen/Qwen3-4B-Instruct-2507."""
    revision: Annotated[str, Field(min_length=1, max_length=256)] = "main"
    """Branch, tag or commit. A full commit makes every key known before anything runs."""
    token_secret_ref: KeySelector | None = None
    """Secret key with the access token of a gated repository; only the prepare stage gets it."""


class ExportedModel(Section):
    """What a training on the same volume exported, identified by its content."""

    mark = Science
    always_written: ClassVar[frozenset[str]] = frozenset({"path", "digest"})

    path: Annotated[str, Field(max_length=128, pattern=patterns.CHECKPOINT)]
    """The artifact of the training below the workspace, such as checkpoints/0123456789abcdef."""
    digest: Annotated[str, Field(max_length=64, pattern=patterns.DIGEST)]
    """Digest of that artifact, as the status of its stage says it; another one is refused."""


class ModelSource(Section):
    """Where the base model comes from: exactly one."""

    mark = Science
    one_of: ClassVar[tuple[str, ...]] = ("huggingFace", "path", "registry", "export", "builtin")

    hugging_face: HubModel | None = None
    """A repository of the Hugging Face hub."""
    path: RelativePath | None = None
    """A folder below the workspace, in Hugging Face layout with safetensors."""
    registry: Annotated[str, Field(max_length=512, pattern=patterns.REGISTRY)] | None = None
    """A model of the MLflow registry, models:/NAME@ALIAS or models:/NAME/VERSION: where a second round starts."""
    export: ExportedModel | None = None
    """What a training on the same volume exported: where the next round of a sweep starts."""
    builtin: Literal["toy", "machine"] | None = None
    """A tiny model shipped with the package, for demonstrations."""


class Model(Section):
    """The base model and how it is spoken to."""

    mark = Science

    source: ModelSource
    """Where the base model comes from."""
    prompt_mode: Literal["Chat", "Raw"] = "Chat"
    """Chat renders prompts through the model's own chat template; Raw sends the text as it is."""
    chat_template_args: FreeForm = Field(default_factory=dict)
    """Arguments of the chat template, such as enable_thinking."""
    template_date: Day = "2026-04-01"
    """The day that a chat template prints as today's, as those of gpt-oss and Llama 3.2 do: fixed, so that the same
    recipe gives the same tokens on any day. The default is the month of the paper."""
    trust_remote_code: bool = False
    """Run Python code that comes with the model. Leave it off unless you have read that code."""
