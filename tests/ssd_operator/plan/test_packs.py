"""How much one pass of training holds reaches the trainer as it is asked for, and the estimate as it may become."""

import pytest

from configs import plans
from ssd_jobs import contract


@pytest.mark.parametrize(("asked", "most"), [(0, 96), (32, 96), (500, 500)])
def test_the_estimate_has_room_for_the_longest_sample(asked: int, most: int) -> None:
    """A sample of sequenceLength has a pass of its own, whatever the budget; a larger one is estimated as such."""
    graph = plans.graph(plans.spec(training={"packTokens": asked, "sequenceLength": 96}))
    [trained], [prepared] = graph.of(contract.TrainConfig), graph.of(contract.PrepareConfig)
    assert isinstance(trained.config, contract.TrainConfig)
    assert isinstance(prepared.config, contract.PrepareConfig)
    assert trained.config.execution.pack_tokens == asked
    assert prepared.config.execution.hardware.pack_tokens == most
