"""The paper's table beside one's own: its 24 rows, of which two contradict themselves."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from ssd_jobs.study import build, page, paper, runs
from ssd_jobs.study.document import Study
from workspaces import studied

PLAIN = {"temperature": 1.6, "topK": 20, "topP": 0.8}
REPOS = (
    "Qwen/Qwen3-4B-Thinking-2507", "Qwen/Qwen3-30B-A3B-Thinking-2507", "openai/gpt-oss-20b",
    "meta-llama/Llama-3.1-8B-Instruct", "Qwen/Qwen3-4B-Instruct-2507", "Qwen/Qwen3-30B-A3B-Instruct-2507",
)  # fmt: skip
SETTING = dict.fromkeys(studied.TEMPERATURES, 0.02)


def page_of(root: Path, repo: str) -> tuple[Study, str]:
    """A study of one run of this model on the window of LiveCodeBench v6."""
    rng = np.random.default_rng(0)
    model = {"source": {"huggingFace": {"repo": repo}}}
    report = studied.write(root / "run", rng, studied.base(rng), SETTING, sampling=PLAIN, model=model)
    study = build.build([report])
    return study, page.render(study, [])


def test_the_papers_rows_stand_below_ones_own(tmp_path: Path) -> None:
    """Of the same model on the same window: base and candidate; nothing of them contradicts itself."""
    study, shown = page_of(tmp_path, "Qwen/Qwen3-4B-Instruct-2507")
    assert [(row.arm, row.pass_at[1]["all"], row.pass_at[5]["hard"]) for row in study.paper] == [
        ("Base", 34.0, 16.5),
        ("Candidate", 41.5, 34.1),
    ]
    assert "the paper's base" in shown.replace("&#39;", "'")
    assert "†" not in shown


def test_two_rows_of_the_papers_table_contradict_themselves(tmp_path: Path) -> None:
    """Of 12 rows for either window they are two bases of v6, and no row of v5."""
    rng = np.random.default_rng(0)
    [run] = runs.read([studied.write(tmp_path / "run", rng, studied.base(rng), SETTING, sampling=PLAIN)])
    found = [
        (window, row.repo, row.arm, row.contradictory)
        for window, repo in product(("2025-02_2025-05", "2024-08_2025-02"), REPOS)
        for row in paper.rows(
            replace(
                run,
                spec={"model": {"source": {"huggingFace": {"repo": repo}}}},
                panel=run.panel.model_copy(update={"window": window}),
            )
        )
    ]
    assert len(found) == 24
    assert [each[:3] for each in found if each[3]] == [
        ("2025-02_2025-05", "Qwen/Qwen3-30B-A3B-Thinking-2507", "Base"),
        ("2025-02_2025-05", "openai/gpt-oss-20b", "Base"),
    ]


def test_what_contradicts_itself_is_marked(tmp_path: Path) -> None:
    """The base of gpt-oss: 69.1 over all, where its difficulties have a mean of 73.0."""
    study, shown = page_of(tmp_path, "openai/gpt-oss-20b")
    assert [row.contradictory for row in study.paper] == [True, False]
    assert shown.count("†") == 2


def test_another_model_has_no_row(tmp_path: Path) -> None:
    """Numbers of other models say nothing of this one."""
    assert page_of(tmp_path, "Qwen/Qwen3-0.6B")[0].paper == ()
