"""The program in an answer: which fenced block counts. What a model wrote while it was thinking is no answer.

`Process` takes the last fenced block that is tagged as Python, or else the last one without a tag: what follows a
program without one is often what it prints. One that was cut off by the token limit still counts (it will fail by
itself). A fence is of backticks, or of tildes with a tag, since tildes alone underline a title. A block in a list is
indented as a whole, and its program is not: lines lose what the fence before them has, as in Markdown. `LCB` is the
official rule of LiveCodeBench, odd as it is: the text between the last two lines that contain a fence anywhere.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ssd_jobs.sandbox.protocol import Mode

__all__ = ["answer_of", "cut_while_thinking", "extract"]

FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<ticks>`{3,}|~{3,})[ \t]*(?P<tag>[^`\n]*)$")
DEEPER = 3
"""By how much more than its opening fence a closing one may be indented; what is deeper is text of the program."""
PYTHON_TAGS = {"python", "python3", "py", "py3"}


@dataclass(frozen=True, slots=True)
class _Block:
    """A fenced block."""

    tag: str
    lines: tuple[str, ...]

    @property
    def language(self) -> str:
        """Return what the tag names, empty where there is none."""
        return (self.tag.lower().split() or [""])[0]


def answer_of(sample: Mapping[str, Any]) -> str:
    """Return what a sample says after the model's thoughts."""
    return str(sample["text"])[sample["answer_start"] :]


def cut_while_thinking(sample: Mapping[str, Any]) -> bool:
    """Tell whether a sample hit its token limit before its answer began."""
    return bool(sample["finish_reason"] == "length" and 0 < sample["answer_start"] == len(sample["text"]))


def extract(answer: str, mode: Mode) -> str | None:
    """Return the program in an answer, None where there is none."""
    code = _official(answer) if mode == "LCB" else _last_block(answer)
    return code if code and code.strip() else None


def _official(text: str) -> str:
    """Return what is between the last two lines that contain three backticks."""
    lines = text.split("\n")
    fences = [number for number, line in enumerate(lines) if "```" in line]
    return "" if len(fences) < 2 else "\n".join(lines[fences[-2] + 1 : fences[-1]])


def _last_block(answer: str) -> str:
    """Return the last block tagged as Python, or else the last one without a tag."""
    blocks = _blocks(answer.replace("\r\n", "\n"))
    programs = [block for block in blocks if block.language in PYTHON_TAGS]
    found = programs or [block for block in blocks if not block.language]
    return "\n".join(found[-1].lines) if found else ""


def _blocks(text: str) -> list[_Block]:
    """Cut a text into its fenced blocks; the last one may be unclosed."""
    blocks: list[_Block] = []
    lines: list[str] = []
    opening: re.Match[str] | None = None
    for line in text.split("\n"):
        fence = FENCE.match(line)
        if opening is None:
            opening, lines = fence if fence and _opens(fence) else None, []
        elif fence and _closes(fence, opening):
            blocks.append(_Block(opening["tag"], tuple(lines)))
            opening = None
        else:
            lines.append(_outdented(line, len(opening["indent"])))
    if opening is not None:
        blocks.append(_Block(opening["tag"], tuple(lines)))
    return blocks


def _opens(fence: re.Match[str]) -> bool:
    """Return whether a fence can begin a block."""
    return fence["ticks"][0] == "`" or bool(fence["tag"].strip())


def _closes(fence: re.Match[str], opening: re.Match[str]) -> bool:
    """Return whether a fence ends the block that another one began."""
    deep = len(fence["indent"]) > len(opening["indent"]) + DEEPER
    return not fence["tag"].strip() and fence["ticks"].startswith(opening["ticks"]) and not deep


def _outdented(line: str, width: int) -> str:
    """Return a line without so many of its first blanks, as far as it has them."""
    return line[min(width, len(line) - len(line.lstrip(" \t"))) :]
