"""How a step's kernels are told apart and summed up."""

import json
from pathlib import Path

import pytest

from benchmarks.gpu import kernels


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("nvjet_sm90_tst_128x256_64x4_2x1_v_bz_coopA_NTN", "matrix products"),
        ("void pytorch_flash::flash_bwd_dq_dk_dv_loop_seqk_parallel_kernel<Flash_bwd_kernel_traits<128>>", "attention"),
        ("_rms_norm_forward_kernel", "fused"),
        ("_swiglu_backward_kernel", "fused"),
        ("triton_poi_fused_add_mul_silu_0", "fused"),
        ("void at::native::vectorized_elementwise_kernel<8, at::native::bfloat16_copy_kernel_cuda>", "copies"),
        ("Memcpy DtoD (Device -> Device)", "copies"),
        ("void at::native::elementwise_kernel<128, 4, at::native::gpu_kernel_impl>", "elementwise"),
        ("void at::native::reduce_kernel<128, 4, at::native::ReduceOp<c10::BFloat16>>", "reductions"),
        ("void at::native::(anonymous namespace)::cunn_SoftMaxForward<4, float>", "loss"),
        ("void at::native::multi_tensor_apply_kernel<FusedAdamMathFunctor>", "optimizer"),
        ("ncclDevKernel_AllGather_RING_LL", "communication"),
    ],
)
def test_a_kernel_is_known_by_its_name(name: str, kind: str) -> None:
    """As the H100's profile and the libraries name them."""
    assert kernels.kind(name) == kind


def test_a_step_is_summed_up(tmp_path: Path) -> None:
    """Kernels that overlap are busy once, shares are of the kernels' own time, and the host's events are no kernels."""
    spans = [("nvjet_a", 0, 600), ("nvjet_b", 400, 400), ("Memcpy DtoD", 900, 0), ("ncclKernel", 1000, 500)]
    events = [{"cat": "kernel", "name": name, "ts": at, "dur": length} for name, at, length in spans]
    events += [{"cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": 0, "dur": 9999}, {"name": "no category"}]
    trace = tmp_path / "trace.json"
    trace.write_text(json.dumps({"traceEvents": events}))
    found = kernels.summary(trace, seconds=0.002)
    assert found["gpu_idle"] == pytest.approx(1 - 1300 / 2000)
    assert found["shares"] == {"matrix products": 0.6667, "communication": 0.3333, "copies": 0.0}
    assert found["gpu_s"] == pytest.approx(0.0015)
