"""A ticket and what happened to it."""

from django.db import models


class Ticket(models.Model):
    """One ticket; `admitted_at` says whether it was used."""

    code = models.CharField(max_length=16, unique=True)
    holder = models.CharField(max_length=200)
    product = models.CharField(max_length=200)
    admitted_at = models.DateTimeField(null=True)
    objects: "models.Manager[Ticket]" = models.Manager()

    class Meta:
        app_label = "orm_site"

    def __str__(self) -> str:
        return self.code


class Entry(models.Model):
    """One admission."""

    request_id = models.CharField(max_length=64, unique=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT)
    gate = models.CharField(max_length=100)
    at = models.DateTimeField()
    objects: "models.Manager[Entry]" = models.Manager()

    class Meta:
        app_label = "orm_site"

    def __str__(self) -> str:
        return self.request_id
