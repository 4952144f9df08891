"""The durable truth about tickets, quota, money and people inside; may import core."""
