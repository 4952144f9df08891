"""Tickets at the desk: finding and listing them, their stories, and what can be done with them."""
