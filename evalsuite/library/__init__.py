"""Builders of the task library: what the task files of one family share."""
