"""Hybrids: systems that ask other systems, one file a pattern."""
