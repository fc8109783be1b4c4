"""The control side: the resource, the plan, and the two runners that carry it out."""
