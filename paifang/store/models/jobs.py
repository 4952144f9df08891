"""Work done beside the pages: one row per job, taken by a runner of some desk process."""

from enum import StrEnum

from django.db import models
from django.db.models import Q

from paifang.core import limits
from paifang.store.models.base import Identified, choices
from paifang.store.models.people import USERNAME_CHARS_MAX

KIND_CHARS_MAX = 32
CODE_CHARS_MAX = 64


class JobState(StrEnum):
    """How a job is. `unknown`: its runner died, and doing it twice could harm; a person decides."""

    queued = "queued"
    running = "running"
    done = "done"
    failed = "failed"
    unknown = "unknown"
    cancelled = "cancelled"


class Job(Identified):
    """A piece of work, of which there is one per kind and key, however often it is asked for.

    Attributes:
        payload: What to work on: ids and slugs. Nothing secret and nothing personal, because
            erasing a person does not look here.
        cursor: How far the work has come, in its kind's own words; a job taken over goes on there.
        claim: The runner's draw for this run, changed with every run: who no longer holds it can
            write nothing. `lease_until` is when another runner may take the job over.
        attempts: Runs since the work last came any further.
        error: A stable code of why it failed, or of why it is tried again.
    """

    kind = models.CharField(max_length=KIND_CHARS_MAX)
    key = models.CharField(max_length=limits.JOB_KEY_CHARS_MAX)
    state = models.CharField(
        max_length=16, choices=choices(JobState), default=JobState.queued.value
    )
    payload = models.JSONField(default=dict)
    cursor = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=CODE_CHARS_MAX, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    cancel_asked = models.BooleanField(default=False)
    not_before = models.DateTimeField()
    claim = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    who = models.CharField(max_length=USERNAME_CHARS_MAX, blank=True)
    where = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """Once per kind and key; those to be taken are found by an index of their own."""

        constraints = (
            models.UniqueConstraint(fields=("kind", "key"), name="job_once_per_kind"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in JobState]), name="job_state_known"
            ),
        )
        indexes = (
            models.Index(
                fields=("kind", "not_before"),
                condition=Q(state__in=("queued", "running")),
                name="job_open",
            ),
            models.Index(fields=("ended_at",), name="job_ended"),
        )

    def __str__(self) -> str:
        """Show kind, key and state."""
        return f"{self.kind} {self.key} ({self.state})"
