"""What an ONNX file holds and what it computes: its learned numbers, and its products for an input of a stated size."""

from __future__ import annotations

import importlib
import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from srbench.inference.operations import Counted

_Shape = tuple[int, ...]
_Shapes = dict[str, _Shape]

_STEERING = {
    "Clip": (1, 2),
    "Expand": (1,),
    "Pad": (1, 2, 3),
    "Pow": (1,),
    "Range": (0, 1, 2),
    "Resize": (1, 2, 3),
    "Upsample": (1,),
}
"""Inputs that say how to compute: limits, exponents and factors, which nobody learned."""

_UNCOUNTED = ("Attention", "GRU", "If", "LSTM", "Loop", "MultiHeadAttention", "RNN", "Scan")
"""Nodes that multiply as well, or hold graphs of their own that do."""

_DOMAINS = ("", "ai.onnx", "com.microsoft")


def parameters(path: Path) -> int | None:
    """Return how many learned numbers a file holds; None where the package `onnx` is not installed or cannot read it.

    All numbers of tensors that are computed with, as the file has them: exporters fold a batch normalisation into the
    convolution before it. Left out are integers, but for quantised weights; single numbers without a dimension; and
    what only steers a node, such as the factors of `Resize`.
    """
    onnx = _library()
    if onnx is None:
        return None
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception:  # onnxruntime has opened it, and a figure in a table is no reason to stop
        return None
    return sum(_learned(onnx, graph) for graph in (model.graph, *model.functions))


def _learned(onnx: Any, graph: Any) -> int:
    steering = {
        node.input[place] for node in graph.node for place in _STEERING.get(node.op_type, ()) if place < len(node.input)
    }
    tensors = [(tensor.name, tensor) for tensor in getattr(graph, "initializer", ())]
    tensors += [
        (node.output[0], attribute.t)
        for node in graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.name == "value"
    ]
    quantised = {node.input[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    quantised |= {name for node in graph.node if node.op_type in _INTEGER for name in node.input}
    kinds = onnx.TensorProto
    floats = (kinds.FLOAT, kinds.FLOAT16, kinds.BFLOAT16, kinds.DOUBLE)
    return sum(
        math.prod(tensor.dims)
        for name, tensor in tensors
        if len(tensor.dims) and name not in steering and (tensor.data_type in floats or name in quantised)
    )


def count(path: Path, shape: Sequence[int]) -> Counted:
    """Return how many products a file adds up for an input of that shape.

    Convolutions, matrix products and Einstein sums count, as torch's FlopCounterMode counts them in
    `srbench.inference.operations`; biases, activations, normalisations, sampling and interpolation do not.
    onnxruntime, which has to be there to run it, first computes what the size alone decides. A graph that holds more
    that multiplies, such as loops and recurrent layers, has no figure, as a part of it would pass for the whole.

    Args:
        path: The file, with one input.
        shape: (N, C, H, W) of its input.
    """
    onnx = _library()
    if onnx is None:
        return Counted(None, "the package onnx, which reads graphs, is not installed")
    try:
        model = _of_size(onnx, onnx.load(str(path)), shape)
        shapes = _shapes(onnx, model)
        return _counted(model.graph, shapes)
    except Exception as error:  # an operator that one of the two does not know, or more than 2 GB
        reason = " ".join(str(error).split())[:200]
        return Counted(None, f"the shapes in the graph cannot be followed ({type(error).__name__}: {reason})")


def _of_size(onnx: Any, model: Any, shape: Sequence[int]) -> Any:
    """Return the model for one size of its input, with everything computed that depends on the size alone."""
    runtime = importlib.import_module("onnxruntime")
    known = {tensor.name for tensor in model.graph.initializer}
    image = next(one for one in model.graph.input if one.name not in known)
    for dimension, side in zip(image.type.tensor_type.shape.dim, shape, strict=True):
        dimension.dim_value = side
    del model.graph.value_info[:]  # they may name the sizes that are fixed now
    for told in model.graph.output:
        told.type.tensor_type.ClearField("shape")
    with tempfile.TemporaryDirectory() as folder:
        options = runtime.SessionOptions()
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(Path(folder) / "optimised.onnx")
        options.log_severity_level = 4
        runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return onnx.load(options.optimized_model_filepath)


def _shapes(onnx: Any, model: Any) -> _Shapes:
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes: _Shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for told in (*graph.input, *graph.output, *graph.value_info):
        sides = told.type.tensor_type.shape.dim
        if told.type.tensor_type.HasField("shape") and all(side.HasField("dim_value") for side in sides):
            shapes[told.name] = tuple(side.dim_value for side in sides)
    return shapes


def _counted(graph: Any, shapes: _Shapes) -> Counted:
    total, unknown = 0, set[str]()
    for node in graph.node:
        if rule := _RULES.get(node.op_type):
            total += rule(node, shapes)
        elif node.op_type in _UNCOUNTED or node.domain not in _DOMAINS:
            unknown.add(node.op_type)
    if unknown:
        return Counted(None, f"nobody counts what {', '.join(sorted(unknown))} in the graph computes")
    return Counted(total)


def _convolution(node: Any, shapes: _Shapes, weight: int = 1) -> int:
    # Each number of the output is a sum over the kernel and the channels of its group.
    return math.prod(shapes[node.output[0]]) * math.prod(shapes[node.input[weight]][1:])


def _integer_convolution(node: Any, shapes: _Shapes) -> int:
    return _convolution(node, shapes, 3 if node.op_type == "QLinearConv" else 1)


def _transposed(node: Any, shapes: _Shapes) -> int:
    # The other way round: each number of the input is spread over the kernel and the channels of its group.
    return math.prod(shapes[node.input[0]]) * math.prod(shapes[node.input[1]][1:])


def _product(node: Any, shapes: _Shapes) -> int:
    inner = shapes[node.input[0]][-1]
    return math.prod(shapes[node.output[0]]) * inner


def _general_product(node: Any, shapes: _Shapes) -> int:
    turned = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
    return math.prod(shapes[node.output[0]]) * shapes[node.input[0]][0 if turned else 1]


def _einstein(node: Any, shapes: _Shapes) -> int:
    equation = next(attribute.s.decode() for attribute in node.attribute if attribute.name == "equation")
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    sides: dict[str, int] = {}
    for term, name in zip(terms, node.input, strict=True):
        for index, side in zip(_indices(term, len(shapes[name])), shapes[name], strict=True):
            known = sides.setdefault(index, side)
            if 1 not in (known, side) and known != side:
                raise ValueError(f"{equation} with {index} of {known} and of {side}")
            sides[index] = max(known, side)
    return math.prod(sides.values()) * (len(terms) - 1)


def _indices(term: str, dimensions: int) -> list[str]:
    """Return the index of each dimension; those that `...` stands for are counted from the right, as numpy does."""
    before, dots, after = term.partition("...")
    hidden = dimensions - len(before) - len(after) if dots else 0
    return [*before, *(f"...{place}" for place in range(hidden, 0, -1)), *after]


_INTEGER = ("ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul")
_RULES: dict[str, Callable[[Any, _Shapes], int]] = {
    "Conv": _convolution,
    "ConvInteger": _integer_convolution,
    "ConvTranspose": _transposed,
    "DeformConv": _convolution,
    "Einsum": _einstein,
    "FusedConv": _convolution,
    "FusedMatMul": _product,
    "Gemm": _general_product,
    "MatMul": _product,
    "MatMulInteger": _product,
    "QLinearConv": _integer_convolution,
    "QLinearMatMul": _product,
}


def _library() -> Any:
    try:
        return importlib.import_module("onnx")
    except ImportError:
        return None
