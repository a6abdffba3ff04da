"""Log parsing: the template behind a line of the Hadoop file system (Loghub-2.0, 2k).

    PacketResponder 1 for block blk_-4196449318426994195 terminating
    -> PacketResponder <*> for block <*> terminating

Success: exactly the right template (``template_match``, whose mean is parsing accuracy). Grouping
accuracy, FGA and FTA are among the corpus metrics. Test is lines 201 to 2000, of 14 templates;
see ``evalsuite.library.logs`` for the other splits. Lines of one template are a cluster. The
licence of the data allows research use only.

    evalsuite run --task logs/hdfs --system classical/auto
"""

from __future__ import annotations

from evalsuite.library.logs import parsing_task

TASK = parsing_task("HDFS")
