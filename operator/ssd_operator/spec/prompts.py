"""Which problems the model writes solutions for; their answers are never looked at."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Science
from ssd_operator.spec.model import Repository
from ssd_operator.spec.pod import Pod
from ssd_operator.spec.scalars import Line, OptionalPath, RelativePath

__all__ = ["Columns", "HubPrompts", "PromptSource", "Prompts"]


class Columns(Section):
    """Names of the columns to read."""

    mark = Science

    id: Line = "id"
    """Column that identifies a problem."""
    statement: Line = "statement"
    """Column with the problem as text."""
    starter_code: Line = ""
    """Column with code to start from; empty when there is none."""


class HubPrompts(Section):
    """A data set of the Hugging Face hub."""

    mark = Science

    repo: Repository
    """Data set repository."""
    config: Line = ""
    """Configuration of the data set; empty for its default."""
    split: Line = "train"
    """Split of the data set."""
    revision: Annotated[str, Field(min_length=1, max_length=256)] = "main"
    """Branch, tag or commit."""
    columns: Columns = Columns()
    """Names of the columns to read."""


class PromptSource(Section):
    """Where the problems come from: exactly one."""

    mark = Science
    one_of: ClassVar[tuple[str, ...]] = ("huggingFace", "path", "builtin")

    hugging_face: HubPrompts | None = None
    """A data set of the Hugging Face hub."""
    path: RelativePath | None = None
    """A JSON-lines or parquet file below the workspace with the columns id, statement and starterCode."""
    builtin: Literal["toy", "machine"] | None = None
    """Problems shipped with the package, for demonstrations."""


class Prompts(Section):
    """The problems to sample solutions for."""

    mark = Science

    source: PromptSource
    """Where the problems come from."""
    deduplicate: bool = True
    """Keep one of the problems whose statements are equal up to white space."""
    require_passed_column: Line = ""
    """Keep only rows in which this column is true. A correctness signal on the problems: the report says so."""
    limit: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    """Use the first so many problems; 0 uses all."""
    skip: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    """Leave out so many problems before those: the part that a run with this limit and no skip takes is disjoint from
    that of a run which skips as many."""
    decontaminate: Literal["Report", "Drop", "Ignore"] = "Report"
    """What to do with problems that overlap with a benchmark."""
    form: Literal["Instruct", "Thinking"] = "Instruct"
    """Which of the package's prompt templates: Instruct asks for the program in a code block through a system message,
    Thinking asks the same without a word on reasoning. A template of your own replaces it."""
    template: OptionalPath = ""
    """Own prompt template, a file below the workspace; evaluation uses the same one."""
    pod: Pod = Pod()
    """Pods of the prepare stage."""
