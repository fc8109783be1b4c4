"""Report: every number with its interval, the decision on promotion, the page, and the entry in MLflow.

`evidence` reads, `document` is what a report says (as models, written to report.json), `build` computes it, `figures`,
`page` and `summary` show it, `entry` is the same for MLflow. Nothing here talks to MLflow.
"""
