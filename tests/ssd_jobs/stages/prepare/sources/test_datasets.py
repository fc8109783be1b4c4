"""Which files a data set's card says belong to a split."""

from pathlib import Path

import pytest

from ssd_jobs.contract import Columns, HuggingFaceRows
from ssd_jobs.stages.prepare.sources import datasets, hub

COLUMNS = Columns(id="", statement="s", starter_code="", difficulty="", tests="", sample_inputs="")
FILES = ("a/train-0.parquet", "a/test-0.parquet", "b/train-0.jsonl", "notes.txt")


def found(
    root: Path, card: str, monkeypatch: pytest.MonkeyPatch, *, config: str = "", split: str = "train"
) -> list[str]:
    """The files that are read of a data set with this card."""
    (root / "README.md").write_bytes(card.encode("latin-1"))
    repository = hub.Repository("x/y", "dataset", "c" * 40, (*FILES, "README.md"), "f", cached=root, sizes={})
    monkeypatch.setattr(hub, "resolve", lambda *_, **__: repository)
    source = HuggingFaceRows(
        kind="huggingFace", repo="x/y", revision="main", config=config, split=split, columns=COLUMNS
    )
    return [path.relative_to(root).as_posix() for path in datasets.find(source, offline=True, field="f").files]


@pytest.mark.parametrize(
    ("configs", "files"),
    [
        ("[{config_name: default, data_files: [{split: train, path: a/train-*}]}]", ["a/train-0.parquet"]),
        ("[{config_name: b, default: true, data_files: [{split: train, path: [b/*]}]}]", ["b/train-0.jsonl"]),
        ("[{config_name: one, data_files: b/*}]", ["b/train-0.jsonl"]),
        ("[{config_name: default, data_files: '**/a/train-*'}]", ["a/train-0.parquet"]),
        ("[{config_name: default, data_files: '**/train-*'}]", ["a/train-0.parquet", "b/train-0.jsonl"]),
        ("[{config_name: default, data_files: [a/train*]}]", ["a/train-0.parquet"]),
    ],
    ids=["path", "default", "text", "any folder", "any folders", "list"],
)
def test_the_card_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configs: str, files: list[str]) -> None:
    """Every form in which a card names the files of a split is read."""
    assert found(tmp_path, f"---\nconfigs: {configs}\n---\ntext", monkeypatch) == files


@pytest.mark.parametrize(
    "card",
    [
        "",
        "no header",
        "---\n[\n---",
        "---\n5\n---",
        "---\nconfigs: 5\n---",
        "---\nconfigs: [5, x]\n---",
        "---\nx: \xe9\n---",
    ],
)
def test_a_card_that_says_nothing_leaves_it_to_the_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, card: str
) -> None:
    """Whatever an author wrote in the place of configurations, files are then found by the name of the split."""
    assert found(tmp_path, card, monkeypatch, split="test") == ["a/test-0.parquet"]
