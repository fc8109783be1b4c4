"""The ready studies' toys, in a short form: run each, compare its cells, and keep its figure for docs/studies.md.

It takes minutes for each on two idle cores. Stop it any time: the same command goes on. So little (64 prompts, 2 steps,
2 samples per problem) shows that a study runs, and what its figure looks like; it finds nothing out.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "examples" / "studies"
PICTURES = ROOT / "docs" / "pictures" / "studies"
FIGURES = {
    "authors-code": "ablation.png",
    "control": "ablation.png",
    "filters": "ablation.png",
    "lora": "ablation.png",
    "samples": "ablation.png",
    "stress": "stress-0.png",
}
"""Study -> the file of `ssd compare` that answers its question."""
SMALL: dict[str, Any] = {"steps": 2, "globalBatchSize": 8, "warmupSteps": 1}
SCALE = 64


def main() -> int:
    """Run what is missing of each study that is named, all by default."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("studies", nargs="*", metavar="STUDY", help=f"of {', '.join(FIGURES)}; all by default")
    parser.add_argument("--workdir", type=Path, default=ROOT / "work" / "studies")
    given = parser.parse_args()
    unknown = sorted(set(given.studies) - FIGURES.keys())
    if unknown:
        parser.error(f"there is no study {unknown[0]}; name some of {', '.join(FIGURES)}")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in given.studies or FIGURES:
        shutil.copyfile(draw(name, given.workdir / name), PICTURES / f"{name}.png")
    return 0


def draw(name: str, folder: Path) -> Path:
    """Run the short form of a study, compare its cells, and return its figure."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.yaml").write_text(yaml.safe_dump(short_form(name)), encoding="utf-8")
    ssd = Path(sys.executable).parent / "ssd"
    for command in (("sweep", "study.yaml"), ("compare", "work")):
        subprocess.run([ssd, *command], cwd=folder, check=True)
    return next((folder / "study").rglob(FIGURES[name]))


def short_form(name: str) -> dict[str, Any]:
    """Return the toy with little of everything."""
    document: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    spec = document["spec"]
    template = spec["template"]["spec"]
    benchmark = spec["select"]["benchmark"]
    sweep = [{"temperature": 0.7, "topP": 0.8}, {"temperature": 1.0, "topP": 0.8}]
    few = {"name": benchmark, "samplesPerProblem": 2, "k": [1], "sweep": sweep}
    template |= {"prompts": {"limit": SCALE}, "training": SMALL, "evaluation": {"shards": 1, "benchmarks": [few]}}
    for axis in spec.get("axes", []):
        if axis.get("field") == "training.steps":
            axis["values"] = [2, 3]
        for value in axis["values"]:
            limited = value["set"].get("prompts", {}) if isinstance(value, dict) else {}
            if "limit" in limited:
                limited["limit"] //= SCALE
    return document


def shown() -> Iterator[str]:
    """Yield the lines of docs/studies.md that show the figures, or say which there is none of yet."""
    for name, figure in FIGURES.items():
        if (PICTURES / f"{name}.png").exists():
            yield f"**`{name}`**, short form, `{figure}` of `ssd compare`:\n\n![{name}](pictures/studies/{name}.png)\n"
        else:
            yield f"**`{name}`**: not drawn yet; `make studies` draws `{figure}` of `ssd compare`.\n"


if __name__ == "__main__":
    sys.exit(main())
