from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.builds import built_once
from tests.distributions.environments import CHECKOUT, Builder, Environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.distributions.environments import MakeEnvironment, Plugin


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    (wheel,) = built_once(tmp_path_factory).glob("*.whl")
    return Builder(tmp_path_factory.mktemp("wheels"), {CHECKOUT: wheel})


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory, builder: Builder) -> Environment:
    """Cocopot as it is installed: from the wheel of this checkout, its dependencies from the index."""
    environment = Environment(tmp_path_factory.mktemp("base"))
    environment.install(*builder.wheels(CHECKOUT), dependencies=True)
    return environment


@pytest.fixture(scope="session")
def environment(
    tmp_path_factory: pytest.TempPathFactory, builder: Builder, base: Environment
) -> MakeEnvironment:
    """Creates a separate environment for each test or module: empty but for plugins, layered over `base`."""
    numbers = itertools.count()

    def make(*projects: Plugin | Path) -> Environment:
        made = Environment(tmp_path_factory.mktemp("environment") / str(next(numbers)), base)
        if projects:
            made.install(*builder.wheels(*projects))
        return made

    return make
