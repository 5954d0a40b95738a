"""Calls networks that want more than a picture, or give several, as a card says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from srbench.errors import MethodError


class Called(nn.Module):
    """A network that takes more than a picture, or gives more than one, as one that takes and gives a picture.

    Args:
        network: The network.
        call: What it is called with beside the picture.
        output: Which of several outputs is the picture; None where there is one.
        name: What messages call it.
    """

    def __init__(self, network: nn.Module, call: Mapping[str, Any], output: int | None, name: str) -> None:
        super().__init__()
        self.network, self._call, self._output, self._name = network, dict(call), output, name

    def forward(self, image: Tensor) -> Any:
        """Return the picture that the network makes of one.

        Raises:
            MethodError: It does not give as many outputs as the card says.
        """
        outputs = self.network(image, **self._call)
        if self._output is None:
            return outputs
        count = len(outputs) if isinstance(outputs, list | tuple) else 1
        if isinstance(outputs, Tensor) or not -count <= self._output < count:
            raise MethodError(
                f"{self._name} gives {count} output{'s' * (count != 1)}; the card asks for {self._output}."
            )
        return outputs[self._output]
