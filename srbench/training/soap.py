"""SOAP: Adam in the eigenbases of each weight's gradient covariances, for networks that Adam trains slowly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

LARGEST = 1024
"""Modes with more entries than this keep their own basis; decomposing them would cost more than it brings."""


class SOAP(Optimizer):
    """The optimiser of Vyas et al., "SOAP: improving and stabilizing Shampoo using Adam" (arXiv 2409.11321).

    A convolution's weight is taken as outputs x inputs x taps, and each of these three modes is turned into the
    eigenbasis of its gradients' covariance, where Adam's scaling by coordinates fits. Vectors get plain Adam.
    Weights of equal shape are computed together. The state is plain tensors, so that a run can be resumed exactly.

    Args:
        params: Parameters to optimise.
        lr: Learning rate.
        betas: Decays of the means of gradients, and of their squares and covariances.
        eps: Added to the root of the mean square.
        every: Steps between updates of the eigenbases.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 3e-3,
        betas: tuple[float, float] = (0.95, 0.95),
        eps: float = 1e-8,
        every: int = 10,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "every": every})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override] # as Optimizer's own subclasses
        """Take one step; the very first one only looks at the gradients to find the bases."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            alike: dict[torch.Size, list[Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike.setdefault(parameter.shape, []).append(parameter)
            for parameters in alike.values():
                self._step(parameters, group["lr"], group["betas"], group["eps"], group["every"])
        return loss

    def _step(self, parameters: list[Tensor], lr: float, betas: tuple[float, float], eps: float, every: int) -> None:
        gradient = torch.stack([_modes(p.grad) for p in parameters if p.grad is not None])
        state = self.state[parameters[0]]
        turned = [mode for mode, size in enumerate(gradient.shape[1:]) if gradient.ndim > 2 and 1 < size <= LARGEST]
        if not state:
            state["step"] = 0
            state["mean"], state["square"] = torch.zeros_like(gradient), torch.zeros_like(gradient)
            for mode in turned:
                state[f"covariance.{mode}"] = (1 - betas[1]) * _covariance(gradient, mode)
                state[f"basis.{mode}"] = _eigenvectors(state[f"covariance.{mode}"])
            return
        # A plain number: reading it from a tensor on a GPU would stop this process until the GPU has come so far.
        state["step"] = step = int(state["step"]) + 1
        bases = {mode: state[f"basis.{mode}"] for mode in turned}
        rotated = _rotate(gradient, bases)
        state["mean"].lerp_(rotated, 1 - betas[0])
        state["square"].lerp_(rotated.square(), 1 - betas[1])
        unbiased = (1 - betas[1] ** step) ** 0.5 / (1 - betas[0] ** step)
        direction = state["mean"] / (state["square"].sqrt() + eps)
        change = _rotate(direction, {mode: basis.mT for mode, basis in bases.items()})
        for parameter, own in zip(parameters, change, strict=True):
            parameter.add_(own.reshape(parameter.shape), alpha=-lr * unbiased)
        for mode in turned:
            state[f"covariance.{mode}"].lerp_(_covariance(gradient, mode), 1 - betas[1])
        if turned and step % every == 0:
            self._refresh(state, bases)

    @staticmethod
    def _refresh(state: dict[str, Any], old: dict[int, Tensor]) -> None:
        # One step of orthogonal iteration from the old eigenvectors, sorted by eigenvalue.
        mean = _rotate(state["mean"], {mode: basis.mT for mode, basis in old.items()})
        new = {}
        for mode, basis in old.items():
            grown = state[f"covariance.{mode}"] @ basis
            order = (basis * grown).sum(-2).argsort(dim=-1, descending=True)
            new[mode] = torch.linalg.qr(grown.gather(-1, order[:, None].expand_as(grown)))[0]
            index = order.reshape([len(order), *(-1 if m == mode else 1 for m in range(state["square"].ndim - 1))])
            state["square"] = state["square"].gather(mode + 1, index.expand_as(state["square"]))
            state[f"basis.{mode}"] = new[mode]
        state["mean"] = _rotate(mean, new)
        # A checkpoint stores tensors contiguously; other strides now would mean other rounding after a resumption.
        state.update({name: value.contiguous() for name, value in state.items() if isinstance(value, Tensor)})


def _modes(gradient: Tensor) -> Tensor:
    return gradient.flatten(2) if gradient.ndim > 2 else gradient


def _covariance(gradient: Tensor, mode: int) -> Tensor:
    rows = gradient.movedim(mode + 1, -1).flatten(1, -2)
    return rows.mT @ rows


def _eigenvectors(covariance: Tensor) -> Tensor:
    """Return the eigenvectors of (N, K, K) covariances as columns, by falling eigenvalue."""
    # In 32 bits, solvers fail or return NaN where gradients are of very different sizes.
    vectors: Tensor = torch.linalg.eigh(covariance.double())[1]
    return vectors.flip(-1).to(covariance.dtype).contiguous()


def _rotate(tensor: Tensor, bases: dict[int, Tensor]) -> Tensor:
    # Each mode in turn is moved to the end and multiplied there; after all of them the order is the old one.
    for mode in range(tensor.ndim - 1):
        tensor = tensor.movedim(1, -1)
        if mode in bases:
            shape = tensor.shape
            tensor = (tensor.flatten(1, -2) @ bases[mode]).reshape(shape)
    return tensor
