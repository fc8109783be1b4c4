"""From artifacts to a report: numbers first, then everything that shows them.

`evidence` reads, `document` is what a report says (as models, written to report.json), `build` computes it, `figures`,
`page` and `summary` show it, `entry` is the same for MLflow. Nothing here talks to MLflow.
"""
