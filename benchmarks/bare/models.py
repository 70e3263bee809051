"""One row for one statement."""

import uuid

from django.db import models


class Statement(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    case = models.UUIDField()
    title = models.CharField(max_length=500)
    body = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bare"
