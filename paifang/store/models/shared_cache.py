"""What all desk processes remember together for a while, as Django's database cache keeps it."""

from django.db import models


class SharedCache(models.Model):
    """The table of `django.core.cache.backends.db`; used codes of second factors stand in it.

    In a process's own memory a code that was used could be used once more at another process.
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        """Show until when; keys may tell of codes."""
        return f"until {self.expires}"
