"""The Results page: what shall I use, and may I trust it?"""

from gui.pages.results.page import ResultsPage

__all__ = ["ResultsPage"]
