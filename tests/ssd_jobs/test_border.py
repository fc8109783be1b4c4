"""The program's border: every way out of a stage is an exit code and one sentence."""

import importlib
from pathlib import Path

import pytest

from ssd_jobs import contract
from ssd_jobs.errors import BadInput, ExitCode, JobError, Temporary, Terminated

border = importlib.import_module("ssd_jobs.__main__")


@pytest.fixture
def termination_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the kubelet would read."""
    log = tmp_path / "termination-log"
    log.touch()
    monkeypatch.setattr(border, "TERMINATION_LOG", log)
    return log


@pytest.mark.parametrize("asked", ["-h", "--help"])
def test_help_is_told_and_is_no_error(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what CONFIG is and what every exit code means."""
    assert border.main([asked]) == ExitCode.OK
    told = capsys.readouterr().out
    assert "CONFIG" in told
    assert all(str(code.value) in told for code in ExitCode)


@pytest.mark.parametrize("arguments", [[], ["one", "two"]])
def test_other_arguments_are_refused_with_the_usage(arguments: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """One line, and exit 64."""
    assert border.main(arguments) == ExitCode.BAD_INPUT
    assert [record.message for record in caplog.records] == ["usage: python -m ssd_jobs CONFIG"]


@pytest.mark.parametrize("kind", [JobError, BadInput, Temporary, Terminated, RuntimeError])
@pytest.mark.parametrize("reason", ["a plain reason", "a name \udcff that is no text", "e\u0301" * 4000])
def test_any_error_is_its_exit_code_and_reaches_the_kubelet(
    kind: type[Exception], reason: str, termination_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a message with an undecodable file name, or one longer than the kubelet keeps."""

    def fail(_path: Path) -> None:
        raise kind(reason)

    monkeypatch.setattr(contract, "load", fail)
    code = border.main(["config.json"])
    assert code == getattr(kind, "exit_code", ExitCode.FAILED)
    left = termination_log.read_bytes()
    assert 0 < len(left) <= 4096
    assert reason.encode(errors="backslashreplace").endswith(left[-10:])
