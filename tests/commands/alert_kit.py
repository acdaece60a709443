"""Reading what alert sources post, in tests."""

import json

import pytest

from commands.alerts import read_notice
from commands.notice import Malformed, Notice, Shape

AUTO = Shape()


def read(data: object, shape: Shape = AUTO) -> Notice:
    return read_notice(json.dumps(data).encode(), shape)


def why(data: object, shape: Shape = AUTO) -> str:
    with pytest.raises(Malformed) as caught:
        read(data, shape)
    return str(caught.value)
