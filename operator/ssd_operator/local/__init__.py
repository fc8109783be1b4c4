"""The runner for one machine: it carries out the same plan as the operator, with processes instead of Jobs."""
