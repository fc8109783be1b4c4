"""From a problem to the token ids of its prompt; rendered once, in `prepare`, and used everywhere after.

A template is a Jinja file with a block `user` and, where the model is spoken to by one, a block `system`; a file
without blocks is the user's turn as a whole. It sees `statement`, `starter_code`, `kind` and `entry_point`.
In `Chat` mode the turns go through the tokenizer's own chat template, which is told a fixed day where it asks for
today's; in `Raw` mode they are the text.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ssd_jobs.contract import Rendering, files
from ssd_jobs.errors import BadInput, first_line

__all__ = ["RenderedPrompt", "Renderer", "Template", "Tokenizer", "load_template", "load_tokenizer"]

SAMPLE = {"statement": "statement", "starter_code": "def f():", "kind": "functional", "entry_point": "f"}

Turn = dict[str, str]


class Tokenizer(Protocol):
    """What is used of a tokenizer."""

    chat_template: Any

    def apply_chat_template(self, conversation: Any, **arguments: Any) -> Any:
        """Render turns to text."""

    def __call__(self, text: Any, **arguments: Any) -> Any:
        """Encode texts."""


@dataclass(frozen=True)
class RenderedPrompt:
    """A rendered prompt, for people and for the model."""

    text: str
    token_ids: list[int]


class Template:
    """A parsed template: from a problem's fields to the turns of a conversation."""

    def __init__(self, text: str, *, source: str) -> None:
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        self.source = source
        environment = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
        try:
            self._template = environment.from_string(text)
        except jinja2.TemplateError as error:
            raise BadInput(f"prompts.template: {source}: {first_line(error)}; correct the template") from None
        self.turns(SAMPLE)

    def turns(self, problem: Mapping[str, Any]) -> list[Turn]:
        """Return the turns for one problem; the text of a statement is never read as a template."""
        try:
            return self._rendered(problem)
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise BadInput(f"prompts.template: {self.source}: {first_line(error)}; correct the template") from None

    def _rendered(self, problem: Mapping[str, Any]) -> list[Turn]:
        """Run the template."""
        blocks = self._template.blocks
        if "user" not in blocks:
            return [{"role": "user", "content": self._template.render(**problem).strip()}]
        context = self._template.new_context(dict(problem))
        found = [(role, "".join(blocks[role](context)).strip()) for role in ("system", "user") if role in blocks]
        return [{"role": role, "content": content} for role, content in found if content]


def load_template(name: str, workspace: Path) -> Template:
    """Return one of the package's templates, or the user's file."""
    if files.is_builtin_template(name):
        folder = resources.files("ssd_jobs.models") / "templates"
        known = {files.builtin_template(file.name.removesuffix(".jinja")): file for file in folder.iterdir()}
        if name not in known:
            raise BadInput(f"prompts.template: there is no {name}; use {' or '.join(sorted(known))}, or a file")
        return Template(known[name].read_text(encoding="utf-8"), source=name)
    path = workspace / name
    try:
        return Template(path.read_text(encoding="utf-8"), source=name)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"prompts.template: {path} cannot be read ({first_line(error)}); give a text file") from None


def load_tokenizer(model: Path, *, trust_remote_code: bool) -> Any:
    """Return the tokenizer of a model directory."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(model, trust_remote_code=trust_remote_code, local_files_only=True)
    except Exception as error:  # noqa: BLE001 - what the library in Rust raises is nothing narrower
        raise BadInput(f"model.source: {model} has no usable tokenizer ({first_line(error)})") from None


def _day(day: str) -> datetime:
    """Return the beginning of a day."""
    try:
        return datetime.fromisoformat(day)
    except ValueError as error:
        raise BadInput(f"model.templateDate: {day} is no day ({first_line(error)}); write one as YYYY-MM-DD") from None


class Renderer:
    """One way from problems to prompts: template, prompt mode, tokenizer."""

    def __init__(
        self, rendering: Rendering, template: Template, tokenizer: Tokenizer, *, vocabulary: int | None
    ) -> None:
        self._rendering = rendering
        self._vocabulary = vocabulary
        self._template = template
        self._tokenizer = tokenizer
        self._arguments = rendering.chat_template_args
        self._today = {"strftime_now": _day(rendering.today).strftime}
        if rendering.prompt_mode == "Chat" and not tokenizer.chat_template:
            raise BadInput("model.promptMode: Chat, but the tokenizer has no chat template; use Raw or another model")

    @property
    def facts(self) -> dict[str, Any]:
        """What decided the text, for the record."""
        chat = json.dumps(self._tokenizer.chat_template or "", sort_keys=True)
        return {
            "prompt_mode": self._rendering.prompt_mode,
            "today": self._rendering.today,
            "template": self._template.source,
            "template_sha256": self._template.digest,
            "chat_template_sha256": hashlib.sha256(chat.encode()).hexdigest(),
        }

    def render(self, problems: Sequence[Mapping[str, Any]]) -> list[RenderedPrompt]:
        """Render a batch of problems."""
        if not problems:
            return []
        texts = [self._text(problem) for problem in problems]
        encoded = self._tokenizer(texts, add_special_tokens=self._rendering.prompt_mode == "Raw")["input_ids"]
        if not all(encoded):
            raise BadInput(f"prompts.template: {self._template.source}: gives an empty prompt; correct the template")
        largest = max(map(max, encoded))
        if self._vocabulary is not None and largest >= self._vocabulary:
            raise BadInput(
                f"model.source: the tokenizer gives a prompt the token {largest}, which is none of the model's "
                f"{self._vocabulary}; get tokenizer and weights of the same model"
            )
        return [RenderedPrompt(text, list(ids)) for text, ids in zip(texts, encoded, strict=True)]

    def _text(self, problem: Mapping[str, Any]) -> str:
        """Return the prompt as text."""
        turns = self._template.turns(problem)
        if self._rendering.prompt_mode == "Raw":
            return "\n\n".join(turn["content"] for turn in turns)
        try:
            return str(
                self._tokenizer.apply_chat_template(
                    turns, tokenize=False, add_generation_prompt=True, **{**self._today, **self._arguments}
                )
            )
        except (jinja2.TemplateError, TypeError) as error:
            raise BadInput(
                f"model.chatTemplateArgs: the model's chat template refuses them: {first_line(error)}"
            ) from None
