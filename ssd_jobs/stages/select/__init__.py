"""Select: the decode setting at which an arm is compared, chosen on problems that are used for nothing else."""
