"""The candidate's side of the wall: stdlib only, never a test, never the rest of the package."""
