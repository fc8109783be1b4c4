"""What one GPU is worth to this software: `python -m benchmarks.gpu OUT`; each part is a module that runs alone."""
