"""From raw samples to records: `decisions` says which samples stay, `execution` runs programs for it, `records`
writes what training reads."""
