"""Staff: who signs in, in which role, with which PIN."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from paifang.core import limits
from paifang.core.rules import Role
from paifang.store.models.base import Identified, choices

USERNAME_CHARS_MAX = 64


class UserManager(BaseUserManager["User"]):
    """Makes users with a hashed password; used by services, the command line and tests."""

    def create_user(
        self, username: str, password: str | None = None, **fields: str | bool
    ) -> "User":
        """Keep a new member of staff. Without a password nobody can sign in by it."""
        user = self.model(username=self.model.normalize_username(username.lower()), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, username: str, password: str | None = None, **fields: str | bool
    ) -> "User":
        """Keep a new superuser, who may repair configuration in the admin."""
        fields.setdefault("role", Role.manager.value)
        return self.create_user(username, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the user of a name; the case does not matter. Raises User.DoesNotExist."""
        return self.get(username=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin, Identified):
    """A member of staff. The PIN signs acts on at a terminal; kept as scrypt hash with its salt.

    Without a `language` the browser's own is spoken.
    """

    username = models.CharField(
        max_length=USERNAME_CHARS_MAX, unique=True, validators=[ASCIIUsernameValidator()]
    )
    name = models.CharField(max_length=limits.NAME_CHARS_MAX)
    role = models.CharField(max_length=16, choices=choices(Role), default=Role.steward.value)
    pin_salt = models.CharField(max_length=64, blank=True)
    pin_hash = models.CharField(max_length=128, blank=True)
    language = models.CharField(
        max_length=8, choices=[("en", "English"), ("zh-hans", "Simplified Chinese")], blank=True
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ("name",)  # type: ignore[assignment]

    class Meta:
        """A name is one name, however it is typed."""

        constraints = (
            models.CheckConstraint(
                condition=Q(role__in=[value.value for value in Role]), name="user_role_known"
            ),
            models.UniqueConstraint(Lower("username"), name="user_username_once_in_any_case"),
        )

    def __str__(self) -> str:
        """Show the username."""
        return self.username

    @property
    def is_staff(self) -> bool:
        """Whether the admin opens: it is the superuser's repair tool only."""
        return self.is_superuser

    def get_short_name(self) -> str:
        """Return what the admin greets with."""
        return self.name or self.username


class StaffCard(Identified):
    """A card somebody signs on with, by the keyed hash of its number, in hex."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="cards")
    number_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Show whose it is."""
        return f"{self.user}"
