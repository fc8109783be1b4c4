"""The look of every figure, and the curves that more than one page shows."""
