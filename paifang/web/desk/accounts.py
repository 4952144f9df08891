"""How allauth, which signs people in, meets this desk: its adapters and forms.

Whoever is signed in, by password, second factor or invitation, comes through `Accounts.login`.
"""

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from paifang.core.reasons import N_
from paifang.services.desk import sign_in
from paifang.services.desk.context import context
from paifang.services.desk.qr import qr_svg
from paifang.services.desk.sign_in import SignInError
from paifang.store.models import User
from paifang.web.desk.views.sign_in import trouble_of
from paifang.web.desk.visitor import address_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

CODE_WRONG = N_("This code is not right (any more). Take the newest one of your phone.")
_NOWHERE = "0.0.0.0"  # noqa: S104 - an address that is none, not one to bind


class Accounts(DefaultAccountAdapter):
    """Signing in and out; nobody signs up, and no mail is sent."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Say no: accounts are made by managers and invitations."""
        del request
        return False

    def get_login_stages(self) -> list[str]:
        """Return what is asked for after the password."""
        return ["allauth.mfa.stages.AuthenticateStage"]

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the visitor's address as the live process saw it."""
        return address_of(request) or _NOWHERE

    def login(self, request: HttpRequest, user: "AbstractBaseUser") -> None:
        """Begin the session, and write it down."""
        super().login(request, user)
        if isinstance(user, User):
            sign_in.signed_in(user, address_of(request))

    def post_login(
        self,
        request: HttpRequest,
        user: "AbstractBaseUser",
        **more: Any,  # noqa: ANN401 - as allauth has it
    ) -> HttpResponse:
        """Go to the start page in the person's own language."""
        response: HttpResponse = super().post_login(request, user, **more)
        language = user.language if isinstance(user, User) else ""
        if language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, samesite="Lax")
        return response

    def reauthenticate(self, user: "AbstractBaseUser", password: str) -> bool:
        """Whether somebody who is signed in still knows the password; tries are counted."""
        try:
            sign_in.check_sign_in(
                self.request, user.get_username(), password, address_of(self.request)
            )
        except SignInError:
            return False
        return True

    def add_message(self, *args: object, **kwargs: object) -> None:
        """Say nothing: pages say what happened in their own words."""

    def send_notification_mail(self, *args: object, **kwargs: object) -> None:
        """Send nothing: accounts have no address."""


class SecondFactors(DefaultMFAAdapter):
    """Second factors: sealed in the store, shown as a QR code of our own."""

    def encrypt(self, text: str) -> str:
        """Return a secret as it stands in the store."""
        return context().keys.seal_factor(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return a secret that stands in the store."""
        return context().keys.unseal_factor(encrypted_text)

    def build_totp_svg(self, url: str) -> str:
        """Return the picture a phone scans."""
        return qr_svg(url)


class _Counted:
    """A form with a code whose wrong tries count towards the lock."""

    request: HttpRequest | None = None
    wait_s = 0

    def clean_code(self) -> str:
        """Return the code if it is right."""
        where = address_of(self.request) if self.request else ""
        try:
            with sign_in.code_tried(self.user, where):  # type: ignore[attr-defined]
                try:
                    return str(super().clean_code())  # type: ignore[misc]
                except ValidationError as wrong:
                    raise ValueError from wrong
        except SignInError as refused:
            self.wait_s = refused.wait_s
            words = trouble_of(refused) if refused.wait_s else gettext(CODE_WRONG)
            raise ValidationError(words) from None


class CodeForm(_Counted, AuthenticateForm):
    """The second factor at sign-in."""


class ConfirmCodeForm(_Counted, ReauthenticateForm):
    """The second factor of somebody who is signed in, before something sensitive."""


class ActivateForm(_Counted, ActivateTOTPForm):
    """The first code of a phone that becomes the second factor."""
