"""Tool calling: a world of executable tools with requests about it, BFCL, APIBench."""
