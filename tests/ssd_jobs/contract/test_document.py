"""Configs and results at the border between the two sides."""

import json
from pathlib import Path
from typing import Any

import pytest

from configs import plans
from ssd_jobs import contract
from ssd_jobs.errors import BadInput, ExitCode

CONFIGS = {node.name: contract.dump(node.config) for node in plans.graph(plans.spec(analysis={}))}


def edited(name: str, edit: Any) -> str:
    """Return a config with something changed."""
    document = json.loads(CONFIGS[name])
    edit(document)
    return json.dumps(document)


@pytest.mark.parametrize("name", CONFIGS)
def test_an_unknown_key_is_named_with_its_path(name: str) -> None:
    """Nothing is ignored: a key that this version does not know is an error at its path."""
    with pytest.raises(BadInput, match=r"config\.json: execution\.surprise: extra inputs are not permitted"):
        contract.loads(edited(name, lambda document: document["execution"].update(surprise=1)), source="config.json")


@pytest.mark.parametrize("name", CONFIGS)
def test_every_field_is_required(name: str) -> None:
    """A config is complete: there is no default that could differ between two versions."""
    for field in json.loads(CONFIGS[name])["execution"]:
        with pytest.raises(BadInput, match=rf"execution\.{field}: field required"):
            contract.loads(edited(name, lambda document, key=field: document["execution"].pop(key)), source="c")


WRONG: list[tuple[str, str, Any, str]] = [
    ("train", "science.steps", "many", r"science\.steps: input should be a valid integer"),
    ("train", "science.steps", 0, r"science\.steps: input should be greater than or equal to 1"),
    ("train", "science.steps", 1.5, r"science\.steps: input should be a valid integer"),
    ("sample", "science.decode.top_p", 0, r"science\.decode\.top_p: input should be greater than 0"),
    (
        "sample",
        "science.decode.temperature",
        -1,
        r"science\.decode\.temperature: input should be greater than or equal",
    ),
    ("sample", "output", "/etc", r"output: string should match pattern"),
    ("sample", "output", "samples/../../etc", r"output: string should match pattern"),
    ("sample", "key", "x", r"key: string should match pattern"),
    ("curate", "science.filter", "Best", r"science\.filter: input should be 'None', 'Stub'"),
    ("report", "version", 2, r"version: this image reads version 1"),
]


@pytest.mark.parametrize(("name", "path", "value", "message"), WRONG, ids=[f"{case[1]}={case[2]}" for case in WRONG])
def test_a_wrong_value_is_one_sentence_with_its_path(name: str, path: str, value: Any, message: str) -> None:
    """The reader of a failed pod learns which field is wrong and how."""

    def put(document: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for part in parents:
            document = document[part]
        document[last] = value

    with pytest.raises(BadInput, match=message) as caught:
        contract.loads(edited(name, put), source="c")
    assert caught.value.exit_code == ExitCode.BAD_INPUT
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    """A config that is not there, or is no text, is bad input, not a crash."""
    with pytest.raises(BadInput, match="cannot read the config: No such file"):
        contract.load(tmp_path / "nothing.json")
    (tmp_path / "binary").write_bytes(b"\xff\xfe{")
    with pytest.raises(BadInput, match="cannot read the config: it is no UTF-8 text"):
        contract.load(tmp_path / "binary")


def test_an_unknown_stage_is_named() -> None:
    """A stage of a newer version is refused by name."""
    with pytest.raises(BadInput, match="dance"):
        contract.loads('{"stage": "dance"}', source="c")


def largest_report() -> contract.ReportResult:
    """Return the longest result that the contract allows."""
    estimate = contract.Estimate(value="-0.12345", ci="-0.1234--0.12345")
    row = contract.BenchmarkResult(
        benchmark="b" * 24, grading="Process", base=estimate, candidate=estimate, delta=estimate
    )
    return contract.ReportResult(
        stage="report",
        digest="f" * 64,
        decision="Promoted",
        reasons=("r" * 160,) * 8,
        model_version="9" * 16,
        previous_champion="9" * 16,
        experiment_id="9" * 64,
        run_id="f" * 64,
        url="h" * 256,
        results=(row,) * 8,
    )


def test_the_largest_result_fits_a_termination_message() -> None:
    """Kubernetes cuts a termination message at 4,096 bytes; nothing of ours is ever cut."""
    digests = dict.fromkeys(("model", "prompts", *(f"benchmark-{number}-abcdefghijk" for number in range(8))), "f" * 64)
    done = contract.StageDone(stage="generate", digest="f" * 64, message="m" * 160)
    choice = contract.SelectResult(
        stage="select",
        digest="f" * 64,
        message="m" * 160,
        setting="s" * 63,
        k=999,
        value="0" * 24,
        settings=24,
        problems=9,
    )
    for result in (largest_report(), choice, contract.PrepareResult(stage="prepare", digests=digests), done):
        text = contract.dump_result(result)
        assert len(text.encode()) <= 4096
        assert contract.load_result(text) == result


def test_a_lost_message_is_no_failure() -> None:
    """What is no result reads as nothing, so that the runner asks again."""
    assert contract.load_result("") is None
    assert contract.load_result("error: container killed") is None
