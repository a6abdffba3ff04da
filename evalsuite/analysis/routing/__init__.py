"""What routing is worth: quality over calls or cost, frontiers, and a hybrid's members."""
