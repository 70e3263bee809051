"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from analysis.views import RuleList
from enrichment.views import EnricherList
from evidence.views import Search
from exchange.views import verifier
from osint.health import healthz, readyz

handler400 = "osint.problems.bad_request"
handler404 = "osint.problems.not_found"
handler500 = "osint.problems.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/v1/cases/", include("cases.urls")),
    path("api/v1/cases/", include("evidence.urls")),
    path("api/v1/cases/", include("evidence.erasure.urls")),
    path("api/v1/cases/", include("enrichment.urls")),
    path("api/v1/cases/", include("enrichment.runs.urls")),
    path("api/v1/cases/", include("analysis.urls")),
    path("api/v1/cases/", include("exchange.urls")),
    path("api/v1/log/", include("cases.log_urls")),
    path("api/v1/enrichers/", EnricherList.as_view(), name="enricher-list"),
    path("api/v1/rules/", RuleList.as_view(), name="rule-list"),
    path("api/v1/search/", Search.as_view(), name="search"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("verify.py", verifier, name="verifier"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
