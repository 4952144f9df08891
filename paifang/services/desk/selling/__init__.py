"""Selling: what is for sale, orders, the money that comes for them, and their tickets."""
