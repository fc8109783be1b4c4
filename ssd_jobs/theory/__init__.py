"""The mathematics of simple self-distillation (arXiv 2604.01193, appendix B) as functions that can be checked.

Everything here is about one context and one finite distribution, in float64 with numpy and nothing else. The
experiment does not need this package; it exists so that what the documentation claims about the method is a test that
runs (`tests/ssd_jobs/theory`), and so that `ssd toy` can recompute the paper's toy machine.

    distributions   temperature, truncation, entropies
    target          what self-distillation trains towards, its loss and its gradient
    composition     what the student then is, in terms of the teacher
    rigidity        what decoding alone can and cannot do
    identities      how entropies and expectations move with temperature
    machine         the paper's toy machine: one fork, three locks
"""
