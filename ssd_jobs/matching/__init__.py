"""Answers that are no programs: how one is found in a text, and how it is compared with the expected one; pure."""

from ssd_jobs.matching.calls import ARGUMENTS
from ssd_jobs.matching.judging import FORMS, Finding, Form, check_expected, judge, proven

__all__ = ["ARGUMENTS", "FORMS", "Finding", "Form", "check_expected", "judge", "proven"]
