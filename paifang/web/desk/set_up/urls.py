"""The addresses of the set-up."""

from django.urls import path, register_converter

from paifang.web.desk.set_up import overview, plans, prices, products, recurring, versions, views
from paifang.web.desk.set_up.subjects import BY_KEY


class SubjectKey:
    """The subjects that have a list and a form of the plain kind."""

    regex = "|".join(BY_KEY)

    def to_python(self, value: str) -> str:
        """Return the key."""
        return value

    def to_url(self, value: str) -> str:
        """Return the key."""
        return value


register_converter(SubjectKey, "subject")

urlpatterns = [
    path("", overview.overview, name="set-up"),
    path("products/", products.listed, name="set-up-products"),
    path("products/new/", products.new, name="set-up-product-new"),
    path("products/preview/", products.preview, name="set-up-product-preview"),
    path("products/<uuid:pk>/", products.one, name="set-up-product"),
    path("products/<uuid:pk>/prices/", prices.page, name="set-up-prices"),
    path("products/<uuid:pk>/remove/", products.remove, name="set-up-product-remove"),
    path("many-sessions/", recurring.recurring, name="set-up-recurring"),
    path("events/<uuid:pk>/clone/", recurring.clone, name="set-up-clone"),
    path("sites/<uuid:pk>/plan/", plans.plan, name="set-up-plan"),
    path("sites/<uuid:pk>/plan/picture.webp", plans.picture, name="set-up-plan-picture"),
    path("sites/<uuid:pk>/plan/upload/", plans.upload, name="set-up-plan-upload"),
    path("sites/<uuid:pk>/plan/remove/", plans.remove, name="set-up-plan-remove"),
    path("rules/", versions.listed, name="set-up-rules"),
    path("rules/<slug:layer>/<int:number>/", versions.one, name="set-up-rules-version"),
    path("<subject:key>/", views.listed, name="set-up-list"),
    path("<subject:key>/new/", views.new, name="set-up-new"),
    path("<subject:key>/<uuid:pk>/", views.one, name="set-up-one"),
    path("<subject:key>/<uuid:pk>/remove/", views.remove, name="set-up-remove"),
]
