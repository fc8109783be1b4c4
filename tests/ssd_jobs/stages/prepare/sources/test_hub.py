"""The hub: a branch becomes a commit, only what is needed is fetched, and the cache serves when nobody may be asked."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from configs.prepare import prepare_config
from ssd_jobs import artifacts, contract
from ssd_jobs.errors import ExitCode
from ssd_jobs.toy import base_model

COMMIT = "c" * 40
CARD = """---
configs:
- config_name: seed_sft
  data_files:
  - split: train
    path: seed_sft/*
---
"""


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's protocol as a download needs."""

    repositories: ClassVar[dict[str, Path]] = {}
    asked: ClassVar[list[str]] = []
    failing: ClassVar[int] = 0
    """The status that every file has; 0: it is served."""

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer what a download asks."""
        self.asked.append(self.path)
        for name, root in self.repositories.items():
            if self.path.startswith(f"/api/{name}/revision/"):
                return self._info(root)
            if self.path.startswith((f"/{name}/resolve/", f"/{name.removeprefix('models/')}/resolve/")):
                return self._file(root / self.path.partition("/resolve/")[2].partition("/")[2])
        return self._send(404, b"", {"X-Error-Code": "RepoNotFound"})

    def _info(self, root: Path) -> None:
        revision = self.path.split("/revision/")[1].split("?")[0]
        if revision not in ("main", COMMIT):
            return self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
        files = [
            {"rfilename": path.relative_to(root).as_posix(), "size": path.stat().st_size}
            for path in root.rglob("*")
            if path.is_file()
        ]
        body = json.dumps({"id": root.name, "sha": COMMIT, "siblings": files, "private": False, "tags": []})
        return self._send(200, body.encode(), {"Content-Type": "application/json"})

    def _file(self, path: Path) -> None:
        if not path.is_file():
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        if self.failing:
            return self._send(self.failing, b"", {})
        data = path.read_bytes()
        return self._send(200, data, {"ETag": f'"{path.stat().st_size:040x}"', "X-Repo-Commit": COMMIT})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("hub")
    model, data = root / "model", root / "data"
    (model / "original").mkdir(parents=True)
    for file in base_model.directory().iterdir():
        (model / file.name).write_bytes(file.read_bytes())
    (model / "pytorch_model.bin").write_bytes(b"pickle")
    (model / "original/weights.safetensors").write_bytes(b"other layout")
    (data / "seed_sft").mkdir(parents=True)
    (data / "other").mkdir()
    rows = [
        {
            "question_id": f"q{n}",
            "question": f"Print {n // 2}.",
            "starter_code": "",
            "is_passed": n % 4 == 0,
            "big": "x",
        }
        for n in range(20)
    ]
    pq.write_table(pa.Table.from_pylist(rows[:12]), data / "seed_sft/part-0.parquet")
    pq.write_table(pa.Table.from_pylist(rows[12:]), data / "seed_sft/part-1.parquet")
    pq.write_table(pa.Table.from_pylist(rows), data / "other/part-0.parquet")
    (data / "README.md").write_text(CARD)
    Hub.repositories = {"models/toy/model": model, "datasets/toy/data": data}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def environment_of(root: Path, endpoint: str, **variables: str) -> dict[str, str]:
    """The environment of a program whose hub is ours, whatever this one's says of the hub."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_OFFLINE")}
    return {**kept, "HF_ENDPOINT": endpoint, "HF_HOME": str(root / "hf"), **variables}


def prepared(
    root: Path, endpoint: str, variables: dict[str, str] | None = None, **config: Any
) -> "subprocess.CompletedProcess[str]":
    """Run prepare as the process that it is: the library reads its environment at import."""
    path = root / "config.json"
    path.write_text(contract.dump(prepare_config(root, **config)))
    environment = environment_of(root, endpoint, **(variables or {}))
    command = [sys.executable, "-m", "ssd_jobs", str(path)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def rows_of(*, split: str = "train", statement: str = "question") -> contract.HuggingFaceRows:
    columns = contract.Columns(
        id="question_id", statement=statement, starter_code="starter_code", difficulty="", tests="", sample_inputs=""
    )
    return contract.HuggingFaceRows(
        kind="huggingFace", repo="toy/data", revision="main", config="seed_sft", split=split, columns=columns
    )


def model_of(*, repo: str = "toy/model", revision: str = "main") -> contract.HuggingFaceModel:
    return contract.HuggingFaceModel(kind="huggingFace", repo=repo, revision=revision)


MODEL = model_of()


def test_a_branch_is_resolved_and_recorded(tmp_path: Path, hub: str) -> None:
    """Model and data come from one commit each, which is on record; nothing but a model's files is fetched."""
    Hub.asked.clear()
    done = prepared(tmp_path, hub, model=MODEL, prompts=rows_of(), require_passed_column="is_passed", offline=False)
    assert done.returncode == 0, done.stderr[-2000:]
    model = artifacts.open_artifact(tmp_path / "models/base")
    assert model.manifest.facts == {"repo": "toy/model", "revision": "main", "commit": COMMIT}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= model.manifest.files.keys()
    assert not [name for name in model.manifest.files if name.endswith(".bin") or "/" in name]
    assert not [path for path in Hub.asked if "pytorch_model" in path or "original" in path or "other/" in path]
    pool = artifacts.open_artifact(tmp_path / "problems/pool").manifest
    assert pool.facts["commit"] == COMMIT
    assert pool.facts["files"] == ["seed_sft/part-0.parquet", "seed_sft/part-1.parquet"]
    assert (pool.counts["rows"], pool.counts["unique"], pool.counts["unique_passed"]) == (20, 10, 5)


def test_a_download_tells_how_many_bytes_are_there(tmp_path: Path, hub: str) -> None:
    """Of as many as the hub says that the wanted files have, and to the last."""
    code = (
        "import sys; from pathlib import Path; from ssd_jobs.stages.prepare.sources import hub\n"
        "found = hub.resolve('toy/model', 'main', kind='model', offline=False, field='model')\n"
        "found.download(sys.argv[2:], Path(sys.argv[1]), lambda done, total: print(done, total))"
    )
    names = ["config.json", "model.safetensors"]
    command = [sys.executable, "-c", code, str(tmp_path / "target"), *names]
    environment = environment_of(tmp_path, hub)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    size = sum((base_model.directory() / name).stat().st_size for name in names)
    assert done.stdout.splitlines()[-1] == f"{size} {size}"


def test_what_is_cached_needs_no_hub(tmp_path: Path, hub: str) -> None:
    """A repository in the cache is used without asking, and gives the same parts."""
    environment = environment_of(tmp_path, hub)
    names = [file.name for file in base_model.directory().iterdir()]
    fetch = f"import huggingface_hub as h\nfor n in {names}: h.hf_hub_download('toy/model', n)"
    subprocess.run([sys.executable, "-c", fetch], env=environment, check=True, capture_output=True)
    Hub.asked.clear()
    done = prepared(tmp_path, hub, model=MODEL, offline=True, limit=5)
    assert done.returncode == 0, done.stderr[-2000:]
    assert Hub.asked == []
    assert artifacts.open_artifact(tmp_path / "models/base").manifest.facts["commit"] == COMMIT


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model": model_of(repo="toy/gone")}, "model.source.huggingFace.repo: toy/gone is not on the hub"),
        ({"model": model_of(revision="v9")}, "model.source.huggingFace.revision: toy/model has no revision 'v9'"),
        (
            {"prompts": rows_of(split="test")},
            "toy/data has no JSONL or parquet files for config 'seed_sft', split 'test'",
        ),
        (
            {"prompts": rows_of(statement="task")},
            "prompts.source.huggingFace.columns:",
        ),
    ],
    ids=["repo", "revision", "split", "column"],
)
def test_what_the_hub_does_not_have_is_bad_input(
    tmp_path: Path, hub: str, config: dict[str, Any], message: str
) -> None:
    """An unknown repository, revision, split or column ends with 64 and the field's name."""
    done = prepared(tmp_path, hub, offline=False, limit=5, **config)
    assert done.returncode == ExitCode.BAD_INPUT, done.stderr[-2000:]
    assert message in done.stderr.splitlines()[-1]


def test_a_hub_that_is_away_is_temporary(tmp_path: Path) -> None:
    """No answer ends with 75, so that the stage is tried again without being counted."""
    done = prepared(tmp_path, "http://127.0.0.1:9", model=MODEL, offline=False, limit=5)
    assert done.returncode == ExitCode.TEMPORARY, done.stderr[-2000:]


def test_a_hub_that_goes_away_is_temporary(tmp_path: Path, hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that resolves a branch and then fails over a file is tried again, not called a cache without the file.

    The status is one after which the library does not wait half a minute.
    """
    monkeypatch.setattr(Hub, "failing", 520)
    done = prepared(tmp_path, hub, prompts=rows_of(), offline=False, limit=5)
    assert done.returncode == ExitCode.TEMPORARY, done.stderr[-2000:]
    assert "the hub cannot be reached for toy/data" in done.stderr.splitlines()[-1]


def test_the_environment_may_forbid_to_ask(tmp_path: Path, hub: str) -> None:
    """HF_HUB_OFFLINE is honoured: the hub is not asked, and what is missing from the cache is named."""
    Hub.asked.clear()
    done = prepared(tmp_path, hub, {"HF_HUB_OFFLINE": "1"}, model=MODEL, offline=False, limit=5)
    assert done.returncode == ExitCode.BAD_INPUT, done.stderr[-2000:]
    assert "toy/model at 'main' is not in the local cache" in done.stderr.splitlines()[-1]
    assert Hub.asked == []
