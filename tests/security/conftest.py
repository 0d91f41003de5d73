"""A hub full of answers that can be recognised wherever they come out."""

import pytest
from flask import Flask

from sync_server.app import create_app
from sync_server.node import Node
from tests.support.marked_answers import fill


@pytest.fixture
def marked(hub: Node) -> Node:
    fill(hub)
    return hub


@pytest.fixture
def app(marked: Node) -> Flask:
    return create_app(marked)
