"""The pages of the second factor, around allauth's own: asked for, switched on and off, codes."""

from collections.abc import Callable

from allauth.account.views import ReauthenticateView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as ConfirmCodeView
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse_lazy
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from paifang.services.desk import audit
from paifang.services.desk.permissions import Actor
from paifang.web.desk.visitor import address_of, for_staff


class _Ours:
    """What our pages around allauth's views share: the lock's answer, and no word lost."""

    request: HttpRequest

    def get_form(self, form_class: type[Form] | None = None) -> Form:
        """Return the form, knowing who asks."""
        form: Form = super().get_form(form_class)  # type: ignore[misc]
        form.request = self.request  # type: ignore[attr-defined]
        return form

    def form_invalid(self, form: Form) -> HttpResponse:
        """Show the form again with what is wrong."""
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        wait_s = getattr(form, "wait_s", 0)
        response.status_code = 429 if wait_s else 422
        if wait_s:
            response["Retry-After"] = str(wait_s)
        return response

    def written(self, what: str) -> None:
        """Write an act upon one's own account down."""
        name = self.request.user.get_username()
        audit.record(what, who=name, subject=name, where=address_of(self.request))


class Authenticate(_Ours, AuthenticateView):
    """Asks for the code before a session begins."""

    template_name = "desk/second_factor.html"

    def _build_forms(self) -> Form | None:
        posted: Form | None = super()._build_forms()  # type: ignore[no-untyped-call]
        self.auth_form.request = self.request
        return posted


class Confirm(_Ours, ReauthenticateView):
    """Asks for the password again before something sensitive."""

    template_name = "desk/confirm.html"


class ConfirmCode(_Ours, ConfirmCodeView):
    """Asks for a code again before something sensitive."""

    template_name = "desk/confirm_code.html"


class Activate(_Ours, ActivateTOTPView):
    """Makes a phone the second factor."""

    template_name = "desk/second_factor_on.html"

    def form_valid(self, form: Form) -> HttpResponse:
        """Switch it on, write it down, and go on to the recovery codes."""
        response: HttpResponse = super().form_valid(form)
        self.written("second_factor_on")
        return response


class Deactivate(_Ours, DeactivateTOTPView):
    """Takes the second factor away again."""

    template_name = "desk/second_factor_off.html"

    def form_valid(self, form: Form) -> HttpResponse:
        """Switch it off and write it down."""
        response: HttpResponse = super().form_valid(form)
        self.written("second_factor_off")
        messages.success(self.request, gettext("The second factor is off."))
        return response


class MakeCodes(_Ours, GenerateRecoveryCodesView):
    """Makes recovery codes anew; those before it are good no more."""

    template_name = "desk/recovery_codes_new.html"
    success_url = reverse_lazy("mfa_view_recovery_codes")

    def form_valid(self, form: Form) -> HttpResponse:
        """Make them and write it down."""
        response: HttpResponse = super().form_valid(form)
        self.written("recovery_codes_made")
        return response


class Codes(ViewRecoveryCodesView):
    """Shows recovery codes, once."""

    template_name = "desk/recovery_codes.html"


def _page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Return a page for who is signed in, never kept by a browser."""

    @never_cache
    @for_staff
    def opened(request: HttpRequest, _by: Actor) -> HttpResponseBase:
        return view(request)

    return opened


authenticate = never_cache(Authenticate.as_view())
confirm = _page(Confirm.as_view())
confirm_code = _page(ConfirmCode.as_view())
activate = _page(Activate.as_view())
deactivate = _page(Deactivate.as_view())
make_codes = _page(MakeCodes.as_view())
codes = _page(Codes.as_view())
