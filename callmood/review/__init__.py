"""A local page on which people hear segments and say what they heard.

``proposals.py`` is what they are asked, ``clips.py`` the sound, ``session.py`` what the page may ask for and say,
``server.py`` how: by HTTP on this machine alone. ``page/`` is the page.
"""

from callmood.review.server import ReviewServer
from callmood.review.session import Session

__all__ = ["ReviewServer", "Session"]
