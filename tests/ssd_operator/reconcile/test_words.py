"""Laws of asking for others' words: as seldom about what nobody says anything of as about the rest."""

from typing import Any

import pytest

from ssd_operator.cluster.views import view_pod
from ssd_operator.lifecycle import PodView
from ssd_operator.reconcile.words import KNOWN_S, Words


def pod() -> PodView:
    metadata: dict[str, Any] = {"namespace": "lab", "name": "p", "uid": "u", "resourceVersion": "1"}
    return view_pod({"metadata": metadata})


@pytest.mark.parametrize("answer", ["", "a node is being made"])
async def test_one_subject_is_asked_about_once_in_a_while(answer: str) -> None:
    """Whatever the answer is, also none, it is kept for a while and then asked for again."""
    asked: list[str] = []
    now = 0.0

    async def ask(subject: PodView) -> str:
        asked.append(subject.name)
        return answer

    words = Words[PodView](ask, clock=lambda: now)
    assert [await words.message(pod()) for _ in range(3)] == [answer] * 3
    assert asked == ["p"]
    now = KNOWN_S
    assert await words.message(pod()) == answer
    assert asked == ["p", "p"]
    words.keep_only(set())
    assert words.count() == 0
