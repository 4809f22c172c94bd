"""The Run page: how is it going, and what have we learned?"""

from gui.pages.run.page import RunPage

__all__ = ["RunPage"]
