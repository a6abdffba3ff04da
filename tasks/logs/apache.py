"""Log parsing: the template behind a line of an Apache web server (Loghub-2.0, 2k).

    workerEnv.init() ok /etc/httpd/conf/workers2.properties
    -> workerEnv.init() ok <*>

Success: exactly the right template (``template_match``, whose mean is parsing accuracy). Grouping
accuracy, FGA and FTA are among the corpus metrics. Test is lines 201 to 2000, of 6 templates;
see ``evalsuite.library.logs`` for the other splits. Lines of one template are a cluster. The
licence of the data allows research use only.

    evalsuite run --task logs/apache --system classical/auto
"""

from __future__ import annotations

from evalsuite.library.logs import parsing_task

TASK = parsing_task("Apache")
