"""Several finished runs as one study: its cells with intervals, what is best of them, figures, and a page."""
