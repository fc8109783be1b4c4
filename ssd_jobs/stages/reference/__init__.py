"""Reference: which calls the assertions of a benchmark make, found by running them on its reference solutions."""
