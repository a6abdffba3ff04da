"""Log parsing: the template behind a line of the Blue Gene/L supercomputer (Loghub-2.0, 2k).

    instruction address: 0x00004ed8
    -> instruction address: <*>

Success: exactly the right template (``template_match``, whose mean is parsing accuracy). Grouping
accuracy, FGA and FTA are among the corpus metrics. Test is lines 201 to 2000, of 117 templates;
see ``evalsuite.library.logs`` for the other splits. Lines of one template are a cluster. The
licence of the data allows research use only.

    evalsuite run --task logs/bgl --system classical/auto
"""

from __future__ import annotations

from evalsuite.library.logs import parsing_task

TASK = parsing_task("BGL")
