"""The caller of an API call, from its signature."""

import os

from ministack.core import router
from ministack.services import sts


def of(headers, query):
    """Account, region and ARN of the assumed role; an empty ARN for callers with access keys of their own."""
    session = sts._sessions.get(router.extract_access_key_id(headers, query) or "") or {}
    arn = session.get("Arn", "")
    account = arn.split(":")[4] if arn else os.environ["MINISTACK_ACCOUNT_ID"]
    return account, router.extract_region(headers, query), arn
