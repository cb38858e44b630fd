"""Makes the tables, a queue, and an operator whose token is PEER_TOKEN."""

import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from helpdesk.models import Queue  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402

call_command("migrate", verbosity=0)
operator = get_user_model().objects.create_superuser("operator", "operator@example.com", "unused")
Token.objects.create(user=operator, key=os.environ["PEER_TOKEN"])
Queue.objects.create(title="Support", slug="support", email_address="support@example.com")
