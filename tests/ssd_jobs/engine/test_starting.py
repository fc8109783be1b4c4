"""What an engine does while it starts is read from messages that vLLM really logs."""

import logging
from importlib.util import find_spec
from pathlib import Path

import pytest

from ssd_jobs.engine import starting


@pytest.mark.vllm
def test_every_message_is_one_of_the_engines() -> None:
    """Each text that we look for stands in the modules that log it, in the vLLM that is locked."""
    found = find_spec("vllm")
    assert found is not None
    assert found.origin is not None
    home = Path(found.origin).parent.parent
    missing = [
        (logger, part)
        for loggers, part, _ in starting.ACTIVITIES
        for logger in loggers
        if part not in (home / f"{logger.replace('.', '/')}.py").read_text()
    ]
    assert missing == []


def test_every_message_is_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """While an engine starts each of its messages is passed on, with the activity where it begins one; not after."""
    heard: list[str] = []
    logger = logging.getLogger("vllm.v1.worker.gpu_model_runner")
    monkeypatch.setattr(logger, "propagate", False)  # a message that cannot be formatted is for our eyes only
    logger.setLevel(logging.INFO)
    with starting.told(heard.append):
        logger.info("Starting to load model %s...", "/models/base")
        logger.info("Using %s backend.", "FLASH_ATTN")
        logger.info("Graph capturing finished in %.0f secs, took %.2f GiB", 20, 1.5)
        logger.info("%d tokens", "not a number")
    logger.info("Model loading took 3 GiB memory")
    assert heard == ["loading the model", "", "warming up", ""]
