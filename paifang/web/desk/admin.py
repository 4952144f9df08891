"""Django's admin: the superuser's repair tool for configuration; projections are read-only there.

Every change is written in the audit and published to the gates at once.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db import models as fields
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext

from paifang.services.desk import repair
from paifang.store import models

if TYPE_CHECKING:
    Form = ModelForm[Any]
    Formsets = Sequence[BaseModelFormSet[Any, Any]]
    Admin = admin.ModelAdmin[Any]
    Inline = admin.StackedInline[models.EntitlementRule, models.Product]
else:  # Django's own classes take no parameters while the program runs.
    Form, Formsets, Admin, Inline = ModelForm, Sequence, admin.ModelAdmin, admin.StackedInline


class ConfigurationAdmin(Admin):
    """Rows that are compiled into the rules bundle."""

    def has_delete_permission(self, request: HttpRequest, obj: fields.Model | None = None) -> bool:
        """Say no: facts in the journal name rows for ever; revoke or close them instead."""
        del request, obj
        return False

    def save_related(
        self,
        request: HttpRequest,
        form: Form,
        formsets: Formsets,
        change: bool,  # noqa: FBT001 - Django calls it so
    ) -> None:
        """Keep what belongs to the row, then tell the gates."""
        super().save_related(request, form, formsets, change)
        if not repair.configuration_changed(
            form.instance, who=request.user.get_username(), changed=form.changed_data
        ):
            messages.warning(
                request,
                gettext("Kept here, but the gates could not be told yet. Save it once more later."),
            )


class UserAdmin(ConfigurationAdmin):
    """Staff; passwords and PINs are set by the command `paifang user`."""

    fields = ("username", "name", "role", "language", "is_active", "is_superuser")
    list_display = ("username", "name", "role", "is_active")


class TerminalAdmin(ConfigurationAdmin):
    """Terminals; their keys come from the devices alone."""

    readonly_fields = ("public_key",)
    list_display = ("name", "role", "revoked")


class EntitlementInline(Inline):
    """What a product gives."""

    model = models.EntitlementRule
    extra = 0
    can_delete = False


class ProductAdmin(ConfigurationAdmin):
    """Products with their entitlements."""

    inlines = (EntitlementInline,)
    list_display = ("number", "name", "name_zh", "event")


class ReadOnlyAdmin(Admin):
    """Rows that only the projector or the audit writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say no."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: fields.Model | None = None) -> bool:
        """Say no."""
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: fields.Model | None = None) -> bool:
        """Say no."""
        del request, obj
        return False


class ProjectedTicketAdmin(ReadOnlyAdmin):
    """Tickets as projected."""

    list_display = ("ticket", "event", "product", "status", "uses", "holder")
    search_fields = ("ticket", "holder", "reference")
    show_full_result_count = False


class ProjectedAdmissionAdmin(ReadOnlyAdmin):
    """Decisions at gates as projected."""

    list_display = ("at_ms", "gate", "direction", "decision", "reason", "people", "staff")
    search_fields = ("request_id",)
    show_full_result_count = False


class AuditAdmin(ReadOnlyAdmin):
    """The book of manual acts."""

    list_display = ("at", "who", "what", "subject", "why", "where")


for configured in (
    models.Organiser,
    models.Site,
    models.Period,
    models.Zone,
    models.Gate,
    models.Event,
    models.Session,
):
    admin.site.register(configured, ConfigurationAdmin)
admin.site.register(models.Product, ProductAdmin)
admin.site.register(models.User, UserAdmin)
admin.site.register(models.Terminal, TerminalAdmin)
admin.site.register(models.ProjectedTicket, ProjectedTicketAdmin)
admin.site.register(models.ProjectedAdmission, ProjectedAdmissionAdmin)
admin.site.register(models.ProjectedAftermath, ReadOnlyAdmin)
admin.site.register(models.AuditEntry, AuditAdmin)
