"""What a run says: figures with intervals, paired comparisons, and a verdict in words."""
