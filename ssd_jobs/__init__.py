"""The worker side: one program per stage, each a pure function from files to files."""
