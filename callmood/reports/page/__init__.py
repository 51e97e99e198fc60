"""The report as a page: one HTML file that holds all it needs and asks nothing of the network.

``contents`` asks the database, with ``comparison`` (the period before) and ``models``
(what the emotion models say about themselves); ``words`` are those that the page shows; ``sound`` makes waveforms and
clips of recordings; ``document`` puts contents, scripts and styles into one file; ``write`` writes it, or a page for
each part of many calls; ``recordings`` tells which can be heard; ``found`` is the page of a search. In the browser
``scripts`` run, in the order that ``document`` gives them.
"""

from callmood.reports.page.found import write_found
from callmood.reports.page.sound import AudioChoice
from callmood.reports.page.write import write_page

__all__ = ["AudioChoice", "write_found", "write_page"]
