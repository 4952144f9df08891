"""Tickets on paper: choosing them, what they say, drawing them, and the files of a print."""
