"""Log parsing: the template behind a line of a high-performance cluster (Loghub-2.0, 2k).

    ClusterFileSystem: There is no server for ServerFileSystem domain storage112
    -> ClusterFileSystem: There is no server for ServerFileSystem domain <*>

Success: exactly the right template (``template_match``, whose mean is parsing accuracy). Grouping
accuracy, FGA and FTA are among the corpus metrics. Test is lines 201 to 2000, of 34 templates;
see ``evalsuite.library.logs`` for the other splits. Lines of one template are a cluster. The
licence of the data allows research use only.

    evalsuite run --task logs/hpc --system classical/auto
"""

from __future__ import annotations

from evalsuite.library.logs import parsing_task

TASK = parsing_task("HPC")
