"""Report: measure, compare, decide, show, and record.

MLflow is asked who is champion and how often was looked before; while it is away there is a report without a decision,
which can be read. Files are written before anything is sent; the manifest comes last, after MLflow has everything, and
holds what the result says. Whatever is interrupted is done again and changes nothing that was already there.
"""

import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pydantic import JsonValue

from ssd_jobs import artifacts, tracking
from ssd_jobs.artifacts import Draft, Provenance
from ssd_jobs.context import Context
from ssd_jobs.contract import Promotion, ReportConfig, ReportResult, files, science_of
from ssd_jobs.errors import JobError
from ssd_jobs.scoring.scorecard import Scorecard
from ssd_jobs.stages.report import build, decision, figures, lineage, page, result, roots, summary
from ssd_jobs.stages.report.decision import ReportDecision
from ssd_jobs.stages.report.document import Document
from ssd_jobs.stages.report.entry import entry
from ssd_jobs.stages.report.evidence import Evidence, gather
from ssd_jobs.tracking import Entry, Recorded, Registered, Standing

if TYPE_CHECKING:
    from ssd_jobs.tracking.server import Client

__all__ = ["publish", "run", "write"]

Connect = Callable[[str], "Client"]


def run(config: ReportConfig, context: Context, *, connect: Connect = tracking.connect) -> ReportResult:
    """Write the report and record it, or find it done."""
    output = context.output(config, path=config.output, key=config.key)
    work = partial(_report, config, context, connect)
    return result.of_manifest(artifacts.make(output, work, progress=context.progress).manifest)


def _report(config: ReportConfig, context: Context, connect: Connect, draft: Draft) -> Provenance:
    """Write every file, then tell MLflow."""
    context.progress.update(done=0, total=2, unit="steps")
    evidence = gather(config, context.workspace)
    evidence.root = roots.read(config, evidence, context.workspace)
    client, outcome = _decided(config, evidence, connect, draft)
    document = write(config, evidence, outcome, draft)
    context.progress.update(done=1, total=2, unit="steps")
    context.check_stop()
    told = entry(config, evidence, document, draft.path)
    facts = publish(config, document, outcome.scorecard, told, context, client=client)
    context.progress.update(done=2, total=2, unit="steps")
    return Provenance(
        science=science_of(config.science),
        inputs=evidence.inputs,
        counts={"panels": len(document.panels), "failed_stages": len(document.failed)},
        facts=facts,
        image=config.execution.image,
    )


def _decided(
    config: ReportConfig, evidence: Evidence, connect: Connect, draft: Draft
) -> "tuple[Client, ReportDecision]":
    """Decide; where MLflow gives no answer, leave a report that says so."""
    try:
        client = connect(config.execution.tracking.uri)

        def ask(window: str) -> Standing:
            promotion, digest = config.science.promotion, evidence.candidate_digest
            assert promotion is not None
            return tracking.look(config.execution.tracking, promotion, window=window, digest=digest, client=client)

        return client, decision.decide(config, evidence, ask)
    except JobError as error:
        write(config, evidence, ReportDecision("Skipped", (f"not judged yet: {error}",)), draft)
        raise


def write(config: ReportConfig, evidence: Evidence, outcome: ReportDecision, draft: Draft) -> Document:
    """Compute the report and write its files."""
    document = build.build(config, evidence, outcome, weights=decision.weights(config, outcome))
    draft.clear()
    drawn = figures.pictures(document, evidence)
    for folder in (files.REPORT_PLOTS, files.REPORT_MANIFESTS, files.REPORT_GENERATIONS, files.REPORT_SCORECARDS):
        (draft.path / folder).mkdir(exist_ok=True)
    draft.write_text(files.REPORT_DOCUMENT, document.model_dump_json(indent=1) + "\n")
    draft.write_text(files.REPORT_SUMMARY, summary.render(document))
    draft.write_text(files.REPORT_SPEC, json.dumps(config.spec, indent=1, sort_keys=True) + "\n")
    draft.write_text(files.REPORT_PAGE, page.render(document, drawn))
    for picture in drawn:
        draft.write_bytes(f"{files.REPORT_PLOTS}/{picture.name}.png", picture.png)
    for name, text in lineage.manifests(evidence).items():
        draft.write_text(f"{files.REPORT_MANIFESTS}/{name}.json", text)
    text, name = _scorecard(outcome.scorecard)
    draft.write_text(name, text)
    if evidence.root is not None:
        draft.write_text(files.REPORT_ROOT, evidence.root.model_dump_json() + "\n")
    draft.write_text(files.REPORT_SAMPLES, lineage.generation_table(document.samples))
    return document


def _scorecard(found: Scorecard) -> tuple[str, str]:
    """Return the scorecard as text, and its file: a run keeps those of all its reports, so the content is the name."""
    text = found.model_dump_json() + "\n"
    return text, f"{files.REPORT_SCORECARDS}/{hashlib.sha256(text.encode()).hexdigest()}.json"


def publish(
    config: ReportConfig, document: Document, card: Scorecard, told: Entry, context: Context, *, client: "Client"
) -> dict[str, JsonValue]:
    """Tell MLflow everything, register the candidate, and return what there is to remember."""
    where = tracking.record(config.execution.tracking, told, client=client)
    registered = _registered(config, document, card, context, where=where, client=client)
    return {
        "decision": document.decision,
        "reasons": list(document.reasons),
        "model_version": registered.version,
        "previous_champion": registered.previous_champion,
        "experiment_id": where.experiment_id,
        "run_id": where.run_id,
        "url": where.url,
        "results": result.summarised(document),
    }


def _registered(
    config: ReportConfig, document: Document, card: Scorecard, context: Context, *, where: Recorded, client: "Client"
) -> Registered:
    """Bring the registry to the decision, if there is a version to register."""
    promotion = config.science.promotion
    if promotion is None or not document.register_candidate:
        return Registered(version="", previous_champion="")
    candidate = tracking.Candidate(
        directory=context.path(config.candidate),
        path=config.candidate,
        digest=document.candidate_digest,
        tags={**lineage.tags(config, document), tracking.SCORECARD: f"runs:/{where.run_id}/{_scorecard(card)[1]}"},
        description=summary.render(document),
        sent=context.progress.megabytes("uploaded"),
    )
    return tracking.register(
        config.execution.tracking,
        promotion,
        candidate,
        where=where,
        promote=document.decision == "Promoted",
        replacing=_replacing(promotion, document),
        client=client,
    )


def _replacing(promotion: Promotion, document: Document) -> str | None:
    """Return the only version that the candidate may replace; None where any."""
    judged = document.circumstances
    if judged is None or promotion.gate is None or promotion.gate.champion == "Ignore":
        return None
    return judged.champion
