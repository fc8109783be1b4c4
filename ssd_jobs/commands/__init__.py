"""Programs beside the stages, which `ssd` starts: power, compare, promote, rollback, regrade, the toy machine."""
