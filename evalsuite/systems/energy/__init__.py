"""Energy of local work: counters of this machine, how it is shared out, and named estimates."""
