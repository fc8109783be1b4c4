"""The loss is the paper's, whatever the split into ranks, packs and chunks."""

import functools
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch.nn.attention import varlen
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import AutoModelForCausalLM

from processes.ranks import on_ranks
from ssd_jobs.artifacts import open_artifact
from ssd_jobs.stages.train import attention, batch, corpus, layout, loss, model
from ssd_jobs.stages.train.ranks import Ranks, whole
from workspaces import training

CPU = torch.device("cpu")
FLOAT64 = training.model_settings("Float64")
WEIGHTINGS: tuple[Literal["Token", "Sequence"], ...] = ("Token", "Sequence")
SPLITS = {
    "1x8": [[[0], [1], [2], [3], [4], [5], [6], [7]]],
    "8x1": [[[0]], [[1]], [[2]], [[3]], [[4]], [[5]], [[6]], [[7]]],
    "2x4": [[[0], [2], [4], [6]], [[1], [3], [5], [7]]],
    "one pack": [[[7, 6, 5, 4, 3, 2, 1, 0]]],
    "an idle rank": [[[0, 1, 2, 3, 4, 5, 6, 7]], []],
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training.workspace(tmp_path_factory.mktemp("loss"))


def _corpus(root: Path) -> corpus.Corpus:
    return corpus.load(open_artifact(root / "records/plan"), steps=4, global_batch_size=8, sequence_length=64)


Result = tuple[float, dict[str, np.ndarray]]


def _gradients(ranks: Ranks, root: Path) -> dict[tuple[str, str], Result]:
    """Return the first batch's loss and gradients, for every split into so many ranks."""
    data = _corpus(root)
    trainee = model.load(root / "models/base", FLOAT64, ranks)
    results: dict[tuple[str, str], Result] = {}
    for (name, split), weighting in itertools.product(SPLITS.items(), WEIGHTINGS):
        if len(split) == ranks.world:
            mine = batch.packs(data, data.batches[0], split, weighting=weighting, ranks=ranks)
            part = batch.backward(trainee, mine)
            torch.distributed.all_reduce(part)
            given = {weight: w.grad for weight, w in trainee.named_weights().items() if w.grad is not None}
            gradients = {weight: whole(gradient).numpy().copy() for weight, gradient in given.items()}
            results[name, weighting] = (float(part), gradients)
            trainee.zero_grad(set_to_none=True)
    return results


@functools.cache
def _reference(root: Path, weighting: str) -> Result:
    """Compute the same with transformers alone: one document at a time, full logits, textbook formula."""
    data = _corpus(root)
    lm = AutoModelForCausalLM.from_pretrained(root / "models/base", dtype=torch.float64)
    losses, count = [], 0
    for record in data.batches[0]:
        tokens, prompt = torch.tensor(data.document(record).tolist()), int(data.prompt_lengths[record])
        nll = functional.cross_entropy(lm(tokens[None]).logits[0, prompt - 1 : -1], tokens[prompt:], reduction="none")
        losses.append(nll.sum() if weighting == "Token" else nll.mean())
        count += len(nll) if weighting == "Token" else 1
    total = torch.stack(losses).sum() / count
    total.backward()  # type: ignore[no-untyped-call]  # torch has no type for it
    return total.item(), {name: weight.grad.numpy() for name, weight in lm.named_parameters()}


@pytest.mark.parametrize("world", [1, 2, 8])
def test_any_split_of_a_global_batch_gives_the_same_loss_and_gradients(root: Path, world: int) -> None:
    """Ranks, accumulation and packing change the layout only, to 1e-10 in float64."""
    for results in on_ranks(world, _gradients, root):
        for (name, weighting), (value, gradients) in results.items():
            expected_value, expected = _reference(root, weighting)
            assert value == pytest.approx(expected_value, rel=1e-10, abs=1e-10), name
            assert gradients.keys() == expected.keys()
            for weight, gradient in gradients.items():
                np.testing.assert_allclose(gradient, expected[weight], rtol=1e-10, atol=1e-10, err_msg=name)


def _packed_nll(ranks: Ranks, directory: Path, documents: list[list[int]]) -> list[np.ndarray]:
    """Return the NLL of every document's tokens, all documents in one pack."""
    trainee = model.load(directory, FLOAT64, ranks)
    arrays = [np.array(document, dtype=np.int32) for document in documents]
    pack = layout.arrange(arrays, [1] * len(arrays), [0.0] * len(arrays), device=CPU)
    with torch.no_grad():
        _, nll = trainee(pack)
    return [part.numpy() for part in nll.split(list(pack.loss_lengths))]


@pytest.mark.parametrize("family", training.FAMILIES)
def test_a_packed_document_is_the_document_alone(tmp_path: Path, family: str) -> None:
    """In every family, isolation, restarted positions, sliding windows and sinks are as transformers has them."""
    directory = training.write_model(tmp_path, family=family)
    random = np.random.default_rng(3)
    documents = [random.integers(3, training.VOCABULARY, n).tolist() for n in (2, 31, 9, 17, 30, 3)]
    reference = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float64, experts_implementation="eager")
    (packed,) = on_ranks(1, _packed_nll, directory, documents)
    for document, nll in zip(documents, packed, strict=True):
        alone = -training.reference_logprobs(reference, document).numpy()
        np.testing.assert_allclose(nll, alone, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("window", [None, 5])
@pytest.mark.parametrize("sinks", [False, True])
def test_the_gpu_formulation_agrees_with_the_cpu_one(window: int | None, *, sinks: bool) -> None:
    """Flex attention's document mask and its sigmoid for sinks are attention in each document alone."""
    torch.manual_seed(0)
    documents = attention.Documents.of([7, 19, 1, 8], device=CPU)
    queries, keys, values = (torch.randn(35, heads, 16) for heads in (4, 2, 2))
    call = attention.Call(documents, 0.25, window, torch.randn(4) if sinks else None)
    outputs = [way(queries, keys, values, call) for way in (attention.each, attention.flex)]
    torch.testing.assert_close(outputs[0], outputs[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sizes", [(20, 20), (264, 264), (24, 16)], ids=["odd", "large", "values"])
@pytest.mark.parametrize("way", [attention.varlen, attention.flash], ids=["varlen", "flash"])
def test_heads_without_a_flash_kernel_go_another_way(way: attention.Way, sizes: tuple[int, int]) -> None:
    """Odd sizes, large ones, and values smaller than their keys (as in MLA) are attended to all the same."""
    torch.manual_seed(0)
    documents = attention.Documents.of([7, 12], device=CPU)
    queries, keys, values = (torch.randn(19, 2, size) for size in (sizes[0], sizes[0], sizes[1]))
    call = attention.Call(documents, 0.25, None, None)
    expected = attention.each(queries, keys, values, call)
    torch.testing.assert_close(way(queries, keys, values, call), expected, rtol=1e-4, atol=1e-5)


def _new_kernel(*arguments: Any, enable_gqa: bool = False, **options: Any) -> torch.Tensor:
    """Stand in for torch's kernel as it is since it wants to be told of shared keys."""
    assert enable_gqa
    return _old_kernel(*arguments, **options)


def _old_kernel(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    starts: torch.Tensor,
    _key_starts: torch.Tensor,
    longest: int,
    _key_longest: int,
    *,
    scale: float,
    window_size: tuple[int, int],
) -> torch.Tensor:
    """Stand in for torch 2.11's kernel, which attends to `window_size[0]` tokens before each one, all if it is -1."""
    documents = attention.Documents(tuple(starts.diff().tolist()), starts, longest)
    window = None if window_size[0] == -1 else window_size[0] + 1
    return attention.each(q, k, v, attention.Call(documents, scale, window, None))


@pytest.mark.parametrize("window", [None, 5])
@pytest.mark.parametrize("kernel", [_new_kernel, _old_kernel])
def test_both_signatures_of_torchs_kernel_are_called(
    monkeypatch: pytest.MonkeyPatch, kernel: Callable[..., torch.Tensor], window: int | None
) -> None:
    """torch 2.11 takes shared keys without being told of them, later ones refuse them then."""
    monkeypatch.setattr(varlen, "varlen_attn", kernel)
    documents = attention.Documents.of([7, 12], device=CPU)
    queries, keys, values = (torch.randn(19, heads, 16) for heads in (4, 2, 2))
    call = attention.Call(documents, 0.25, window, None)
    expected = attention.each(queries, keys, values, call)
    torch.testing.assert_close(attention.varlen(queries, keys, values, call), expected)


def test_chunks_change_nothing_but_memory() -> None:
    """Values and both gradients of the chunked loss are those of the textbook formula, for any chunk size."""
    torch.manual_seed(0)
    hidden = torch.randn(50, 8, dtype=torch.float64, requires_grad=True)
    head = torch.randn(13, 8, dtype=torch.float64, requires_grad=True)
    targets, weights = torch.randint(0, 13, (50,)), torch.rand(50, dtype=torch.float64)
    plain = functional.cross_entropy(hidden @ head.T, targets, reduction="none")
    expected = torch.autograd.grad((plain * weights).sum(), (hidden, head))
    for rows in (1, 7, 1000, 0):
        value, nll = loss.weighted_nll(hidden, head, targets, weights, rows=rows)
        torch.testing.assert_close(nll, plain.detach(), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(torch.autograd.grad(value, (hidden, head)), expected, rtol=1e-12, atol=1e-12)


class _Passes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operations that write a matrix of the head's gradient's shape and precision in place."""

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0
        self._shape = shape

    def __torch_dispatch__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation, and look at what it wrote."""
        out = func(*args, **(kwargs or {}))
        if func in (torch.ops.aten.addmm_.default, torch.ops.aten.add_.Tensor) and out.shape == self._shape:
            assert out.dtype == torch.float32
            self.count += 1
        return out


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_gpus_chunks_pass_over_the_heads_gradient_a_few_times(dtype: torch.dtype) -> None:
    """At most 16 times for 32k loss tokens, whatever the vocabulary: each pass reads and writes the whole matrix."""
    assert {loss.chunk_rows("cuda", vocabulary) for vocabulary in (97, 32_000, 151_936, 262_144)} == {2048}
    hidden = torch.randn(32_768, 4, requires_grad=True, dtype=dtype)
    head = torch.randn(11, 4, requires_grad=True, dtype=dtype)
    targets, weights = torch.randint(0, 11, (32_768,)), torch.ones(32_768)
    with _Passes((11, 4)) as passes:
        loss.weighted_nll(hidden, head, targets, weights, rows=loss.chunk_rows("cuda", 11))
    assert 0 < passes.count <= 16


@pytest.mark.parametrize(("vocabulary", "rows"), [(97, 10_810), (2048, 512), (4096, 256), (151_936, 256)])
def test_a_cpus_chunks_fit_its_cache(vocabulary: int, rows: int) -> None:
    """As many logits as the cache holds, but no fewer rows than a large head is worth reading for."""
    assert loss.chunk_rows("cpu", vocabulary) == rows
