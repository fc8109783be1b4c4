"""Programs beside the stages: `python -m ssd_jobs.commands.<name>`, called by `ssd`."""
