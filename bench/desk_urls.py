"""The desk's addresses, and one view that does nothing."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def null(request: HttpRequest) -> HttpResponse:
    """Answer at once."""
    del request
    return HttpResponse(b"ok")


urlpatterns = [path("bench-null/", null), path("", include("paifang.web.desk.urls"))]
