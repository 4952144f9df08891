"""The pages of the set-up: one list and one form per subject, and what ties them together."""
