from django.apps import AppConfig
from django.contrib.admin import apps as admin


class WorkspaceConfig(AppConfig):
    """The investigators' pages in the admin."""

    name = "workspace"
    verbose_name = "Workspace"
    default = True


class WorkspaceAdminConfig(admin.AdminConfig):
    """Django's admin with our site in place of its own; stands in INSTALLED_APPS for "django.contrib.admin"."""

    default_site = "workspace.site.WaterlineAdmin"
    default = False
