"""Programs beside the stages, which `ssd` starts: promote, rollback, regrade, and the paper's toy machine."""
