"""The report page: one HTML file with what a network is made of, and where its time goes.

See docs/report.md.
"""

from plumline.report.report import Report, write

__all__ = ["Report", "write"]
