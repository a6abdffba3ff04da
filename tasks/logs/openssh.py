"""Log parsing: the template behind a line of an OpenSSH server (Loghub-2.0, 2k).

    Failed password for invalid user 1234 from 5.188.10.180 port 45541 ssh2
    -> Failed password for invalid user <*> from <*> port <*> ssh2

Success: exactly the right template (``template_match``, whose mean is parsing accuracy). Grouping
accuracy, FGA and FTA are among the corpus metrics. Test is lines 201 to 2000, of 25 templates;
see ``evalsuite.library.logs`` for the other splits. Lines of one template are a cluster. The
licence of the data allows research use only.

    evalsuite run --task logs/openssh --system classical/auto
"""

from __future__ import annotations

from evalsuite.library.logs import parsing_task

TASK = parsing_task("OpenSSH")
