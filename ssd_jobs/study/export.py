"""The files of a study: its page, its document as JSON, and every evaluation as a table for other programs."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from ssd_jobs.artifacts import atomic
from ssd_jobs.study import page, pictures
from ssd_jobs.study.document import Study, StudyPoint

__all__ = ["write"]

PAGE, DOCUMENT, TABLE = "study.html", "study.json", "study.csv"
HEADINGS = (
    "cell", "experiment", "arm", "part", "compared", "train_temperature", "train_top_k", "train_top_p", "temperature",
    "top_k", "top_p", "k", "difficulty", "value", "low", "high",
)  # fmt: skip


def write(study: Study, directory: Path) -> list[Path]:
    """Write the files, pictures included, and return the first three."""
    directory.mkdir(parents=True, exist_ok=True)
    drawn = pictures.pictures(study)
    for picture in drawn:
        atomic.write_bytes(directory / f"{picture.name}.png", picture.png)
    texts = {PAGE: page.render(study, drawn), DOCUMENT: study.model_dump_json(indent=1) + "\n", TABLE: _table(study)}
    for name, text in texts.items():
        atomic.write_text(directory / name, text)
    return [directory / name for name in texts]


def _table(study: Study) -> str:
    """Return one row per evaluation, k and difficulty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADINGS)
    writer.writerows(row for point in study.points for row in _rows(point))
    return text.getvalue()


def _rows(point: StudyPoint) -> Iterator[tuple[object, ...]]:
    decodes = (
        value for decode in (point.train, point.decode) for value in (decode.temperature, decode.top_k, decode.top_p)
    )
    place = (point.cell, point.experiment, point.arm, point.part, point.compared, *decodes)
    for k, strata in point.pass_at.items():
        for stratum, number in strata.items():
            yield (*place, k, stratum, number.value, number.low, number.high)
