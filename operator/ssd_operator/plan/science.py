"""The science of each stage between prepare and report: what a key covers, and nothing about how it is executed."""

from ssd_jobs import contract
from ssd_operator.spec.evaluation import Benchmark
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.sampling import Decode

__all__ = ["analyze", "curate", "decode", "engine", "generate", "grade", "sample", "train"]

LIBRARY_TEMPERATURES = (0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0)
"""Where the paper's figure 6 looks."""
ANALYZE_TOKENS = 4096


def engine(spec: ResolvedSpec) -> contract.Engine:
    """Return the engine that samples, the same for training and evaluation."""
    return contract.Engine(
        name=spec.sampling.engine,
        args=dict(spec.sampling.engine_args),
        trust_remote_code=spec.model.trust_remote_code,
    )


def decode(setting: Decode) -> contract.Decode:
    """Return a decode setting as the workers know it."""
    return contract.Decode(temperature=setting.temperature, top_k=setting.top_k, top_p=setting.top_p)


def sample(spec: ResolvedSpec) -> contract.SampleScience:
    """Return how the training samples are drawn."""
    sampling = spec.sampling
    return contract.SampleScience(
        decode=contract.Decode(temperature=sampling.temperature, top_k=sampling.top_k, top_p=sampling.top_p),
        samples_per_prompt=sampling.samples_per_prompt,
        max_sequence_tokens=sampling.max_sequence_tokens,
        seed=sampling.seed,
        engine=engine(spec),
        shards=sampling.shards,
    )


def curate(spec: ResolvedSpec) -> contract.CurateScience:
    """Return what is kept, and in which order it is trained on."""
    training = spec.training
    return contract.CurateScience(
        filter=spec.curation.filter,
        shortest_percent=spec.curation.shortest_percent,
        truncated=spec.curation.truncated,
        overlong=training.overlong,
        sequence_length=training.sequence_length,
        steps=training.steps,
        global_batch_size=training.global_batch_size,
        seed=training.seed,
        limits=contract.LIMITS if spec.curation.filter == "Execution" else None,
    )


def train(spec: ResolvedSpec) -> contract.TrainScience:
    """Return the recipe of the fine-tuning."""
    training = spec.training
    lora = training.lora
    return contract.TrainScience(
        steps=training.steps,
        global_batch_size=training.global_batch_size,
        sequence_length=training.sequence_length,
        learning_rate=training.learning_rate,
        min_learning_rate=training.min_learning_rate,
        warmup_steps=training.warmup_steps,
        weight_decay=training.weight_decay,
        betas=(training.betas[0], training.betas[1]),
        grad_clip=training.grad_clip,
        seed=training.seed,
        loss_weighting=training.loss_weighting,
        compute_dtype=training.compute_dtype,
        activation_checkpointing=training.activation_checkpointing,
        compile=training.compile,
        lora=contract.Lora(rank=lora.rank, alpha=lora.alpha, targets=lora.targets) if lora.rank else None,
        export_every_steps=training.export.every_steps,
        nll_tolerance=training.nll_tolerance,
        trust_remote_code=spec.model.trust_remote_code,
    )


def analyze(spec: ResolvedSpec) -> contract.AnalyzeScience:
    """Return what the lock and fork statistics look at."""
    assert spec.analysis is not None
    return contract.AnalyzeScience(
        problems=spec.analysis.problems,
        max_tokens=ANALYZE_TOKENS,
        temperatures=LIBRARY_TEMPERATURES,
        decode=decode(spec.evaluation.benchmarks[0].decode.candidate),
        seed=spec.analysis.seed,
        trust_remote_code=spec.model.trust_remote_code,
    )


def generate(spec: ResolvedSpec, benchmark: Benchmark) -> contract.GenerateScience:
    """Return how a benchmark's problems are answered, whatever the decode setting."""
    return contract.GenerateScience(
        samples_per_problem=benchmark.samples_per_problem,
        max_sequence_tokens=benchmark.max_sequence_tokens,
        seed=spec.sampling.seed,
        engine=engine(spec),
        shards=spec.evaluation.shards,
    )


def grade(spec: ResolvedSpec) -> contract.GradeScience:
    """Return the limits under which programs are judged."""
    return contract.GradeScience(**contract.LIMITS.model_dump(), shards=spec.evaluation.grade_shards)
