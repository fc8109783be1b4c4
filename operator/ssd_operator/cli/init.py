"""`ssd init`: a first file, from options or from answers."""

import sys
import textwrap
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from ssd_operator import naming
from ssd_operator.cli import document, terminal
from ssd_operator.errors import InvalidInput
from ssd_operator.spec import presets

__all__ = ["register"]

HUB = "hf:"
REGISTRY = "models:/"
BUILTIN = ("humaneval", "mbpp")
"""Benchmarks that the package knows and that suit any model."""
AS_PRESET = "that of the preset"
PLACES = {
    "model": "a folder below --workdir, hf:OWNER/NAME, or models:/NAME@ALIAS",
    "problems": "JSON lines or parquet below --workdir",
    "benchmark": "humaneval, mbpp, or a folder below --workdir",
    "gpus": "how many of this machine, 0 for its CPU",
}
"""What may be answered to a question, and said by an option."""
LINE = 100
"""From here on the values of a section stand below its name."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="Which file to write.")] = Path("selfdistill.yaml"),
    preset: Annotated[str, typer.Option(metavar="NAME", help="Whose numbers to take; ssd presets lists them.")] = "",
    name: Annotated[str, typer.Option(metavar="NAME", help="Of the experiment; by default the file's.")] = "",
    model: Annotated[str, typer.Option(metavar="PLACE", help=f"{PLACES['model']}.")] = "",
    problems: Annotated[str, typer.Option(metavar="PATH", help=f"{PLACES['problems']}.")] = "",
    benchmark: Annotated[str, typer.Option(metavar="PLACE", help=f"{PLACES['benchmark']}.")] = "",
    gpus: Annotated[str, typer.Option(metavar="N", help=f"{PLACES['gpus']}.")] = "",
    claim: Annotated[str, typer.Option(metavar="NAME", help="Volume of a cluster.")] = "experiments",
) -> int:
    """Write a first file, by these options, or by asking where a terminal is there and no preset was named."""
    if file.exists():
        raise InvalidInput(f"{file}: is there already; name another file, or remove it")
    chosen = {"model": model, "problems": problems, "benchmark": benchmark, "gpus": gpus}
    if not preset:
        preset, chosen = _answers(chosen)
    text = _text(name or file.stem, _spec(preset, chosen) | {"storage": {"claimName": claim}, "promotion": {}})
    document.understood(text, origin=str(file))
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be written ({error.strerror}); name a file in a folder of yours") from None
    terminal.console().print(
        f"{file} is written; next: ssd plan {file}, then ssd run {file} here or kubectl apply -f {file} on a cluster",
        soft_wrap=True,
    )
    return 0


def _answers(chosen: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Ask what was not said; an empty answer is what the preset says."""
    known = ", ".join(presets.names())
    if not sys.stdin.isatty():
        raise InvalidInput(f"--preset: is needed where no terminal can be asked; there are {known}")
    terminal.console().print(f"presets: {known}", soft_wrap=True)
    preset = str(typer.prompt("preset", default="machine"))
    return preset, {question: said or _optional(question) for question, said in chosen.items()}


def _optional(question: str) -> str:
    answer = str(typer.prompt(f"{question}: {PLACES[question]}", default=AS_PRESET))
    return "" if answer == AS_PRESET else answer


def _spec(preset: str, chosen: dict[str, str]) -> dict[str, Any]:
    """Return what is written over the preset."""
    spec: dict[str, Any] = {"preset": preset}
    base = presets.load(preset).spec
    if chosen["model"]:
        spec["model"] = {"source": _model(chosen["model"])}
    if chosen["problems"]:
        spec["prompts"] = {"source": {"path": chosen["problems"]}}
    if chosen["gpus"]:
        spec |= _hardware(chosen["gpus"])
    if chosen["benchmark"]:
        spec.setdefault("evaluation", {})["benchmarks"] = [_benchmark(chosen["benchmark"], base)]
    return spec


def _model(place: str) -> dict[str, Any]:
    """Return where a model is, by how its place is written."""
    if place.startswith(HUB):
        return {"huggingFace": {"repo": place.removeprefix(HUB)}}
    return {"registry": place} if place.startswith(REGISTRY) else {"path": place}


def _benchmark(place: str, base: dict[str, Any]) -> dict[str, Any]:
    """Return a benchmark with the settings to choose from that the preset's first one has."""
    source = {"builtin": place} if place in BUILTIN else {"path": place}
    first = base["evaluation"]["benchmarks"][0]
    sweep = {"sweep": first["sweep"]} if "sweep" in first else {}
    return {"name": place if place in BUILTIN else "own", "source": source, **sweep}


def _hardware(written: str) -> dict[str, Any]:
    """Return what uses so many GPUs of one machine."""
    if not written.isdecimal():
        raise InvalidInput(f"--gpus {written}: is no number of GPUs; write 0 for the CPU")
    gpus = int(written)
    shards = {"shards": max(gpus, 1), "gpusPerShard": min(gpus, 1)}
    return {"sampling": dict(shards), "training": {"nodes": 1, "gpusPerNode": gpus}, "evaluation": dict(shards)}


def _text(name: str, spec: dict[str, Any]) -> str:
    """Return the file: a line for each section, its values behind it."""
    preset = spec["preset"]
    notes = {"preset": f"every number, with its source: ssd presets {preset}", "promotion": "the default gate"}
    lines = [
        "# Every field: ssd explain spec",
        f"apiVersion: {naming.API_VERSION}",
        f"kind: {naming.KIND}",
        f"metadata: {_inline({'name': name})}",
        "spec:",
    ]
    for section, value in spec.items():
        note = f"  # {notes[section]}" if section in notes else ""
        lines.append(f"  {section}:{_shown(value)}{note}")
    return "\n".join([*lines, ""])


def _shown(value: Any) -> str:
    """Return a section's values: behind its name, or below it where they are long."""
    inline = f" {_inline(value)}"
    if len(inline) < LINE:
        return inline
    block = yaml.safe_dump(value, default_flow_style=None, sort_keys=False, allow_unicode=True, width=10_000)
    return f"\n{textwrap.indent(block.rstrip(), ' ' * 4)}"


def _inline(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    return text.removesuffix("\n...\n").strip()
