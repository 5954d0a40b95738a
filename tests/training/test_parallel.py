"""Processes that train together: shares of a batch, gradients, clocks and weights that are the same to all."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
import torch

from srbench.errors import TrainingError
from srbench.training.parallel import ProcessGroup, join, joined

CPU = torch.device("cpu")
PROGRAM = """
import json, sys, torch
from torch import nn
from srbench.training.parallel import joined

with joined("cpu") as group:
    first, without = nn.Parameter(torch.zeros(2, 3)), nn.Parameter(torch.zeros(1))
    first.grad = torch.full((2, 3), 1.0 + 2 * group.rank)
    group.average_gradients([first, without])
    weights = torch.full((3,), float(group.rank + 5))
    group.copy_from_leader([weights])
    told = {
        "leads": group.leads,
        "share": list(range(6))[group.share(6)],
        "gradient": first.grad.unique().tolist(),
        "without": without.grad is None,
        "weights": weights.tolist(),
        "agreed": group.agree(7.5 + group.rank),
        "clock": group.clock(100.0 + group.rank, stop=group.rank == 1),
        "quiet": group.clock(100.0, stop=False),
    }
print(json.dumps(told), torch.distributed.is_initialized())
"""


def test_two_processes_agree_on_everything_that_could_drive_them_apart() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    running = [
        subprocess.Popen([sys.executable, "-c", PROGRAM], env={**env, "RANK": rank}, stdout=subprocess.PIPE, text=True)
        for rank in "01"
    ]
    leader, other = (process.communicate(timeout=250)[0].strip() for process in running)
    common = (
        '"gradient": [2.0], "without": true, "weights": [5.0, 5.0, 5.0], "agreed": 7.5, "clock": [100.0, true], '
        '"quiet": [100.0, false]} False'
    )
    assert leader == '{"leads": true, "share": [0, 2, 4], ' + common
    assert other == '{"leads": false, "share": [1, 3, 5], ' + common


def test_one_process_alone_is_a_group() -> None:
    with joined("cpu") as group:
        assert (group.rank, group.size, group.device, group.leads) == (0, 1, CPU, True)
        assert list(range(5))[group.share(5)] == [0, 1, 2, 3, 4]
        assert group.agree(3.5) == 3.5
        assert group.clock(9.0, stop=True) == (9.0, True)


def test_a_batch_that_cannot_be_shared_out_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"A batch of 7 cannot be shared by 2 processes\. Change --batch"):
        ProcessGroup(0, 2, CPU).share(7)


def test_a_device_that_is_none_or_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(TrainingError, match="Unknown device 'cdua'"):
        join("cdua")
    with pytest.raises(TrainingError, match=r"No CUDA device was found\. Use --device cpu"):
        join("cuda")
    assert join("auto").device == CPU
