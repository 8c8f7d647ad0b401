"""A trained module becomes a plain ONNX file for any runtime, checked before it is kept."""

import contextlib
import copy
import inspect
import io
import json
import logging
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn

from plumline._extras import require
from plumline._files import write_bytes
from plumline.convert import check_finite, freeze
from plumline.errors import InputError, MissingDependencyError

Runner: TypeAlias = Callable[[dict[str, npt.NDArray[Any]]], Sequence[npt.NDArray[Any]]]

LOWEST_OPSET = 17
LARGEST_FILE = 2**31 - 1
"""A protobuf message cannot be longer; a longer network would need external data files."""

# Rewrites that clear away what tracing leaves behind and change no weight: BatchNormalization stays
# a node of its own, so that each quantized tensor in the file has the very bits of the module's.
_REWRITES = (
    "add_0_rule",
    "collapse_slice_rule",
    "collapse_slice2_rule",
    "materialize_reshape_shape_rule",
    "mul_by_1_rule",
    "no_op_cast_rule",
    "no_op_expand_rule",
    "no_op_transpose_rule",
    "reshape_reshape_rule",
    "slice_split_rule",
    "squeeze_reshape_1d_rule",
    "unsqueeze_unsqueeze_rule",
)


@dataclass(frozen=True)
class ExportReport:
    """What was written, and how far its answers are from the module's."""

    path: str
    bytes: int
    opset: int
    inputs: dict[str, tuple[int | str, ...]]
    outputs: tuple[str, ...]
    operators: dict[str, int] = field(repr=False)
    checked_with: str
    """The runtime whose answers were compared, with its version."""
    difference: float
    """Largest absolute difference over all outputs, divided by the largest absolute answer."""

    def __str__(self) -> str:
        return (
            f"{self.path}: {self.bytes:,} bytes, opset {self.opset}, "
            f"{sum(self.operators.values())} nodes; {self.checked_with} differs from the module "
            f"by {self.difference:.1e} of the largest answer"
        )


def export_onnx(
    model: nn.Module,
    example: Tensor | Sequence[Tensor],
    path: str | os.PathLike[str],
    *,
    metadata: Mapping[str, object] | None = None,
    dynamic_batch: bool = True,
    opset: int = 18,
    tolerance: float = 1e-4,
) -> ExportReport:
    """Write ``model`` as one plain ONNX file and compare its answers with the module's.

    The model itself is not touched: a copy is moved to the CPU, frozen and put in evaluation mode.

    Args:
        model: any ``nn.Module`` whose outputs are tensors. Quantized weights become ordinary float
            initializers with the bits of the frozen module; BatchNormalization is not folded.
        example: one tensor, or one for each argument of ``forward``; axis 0 is the batch. A single
            input is called ``input``, several have the names of the arguments of ``forward``.
        path: the file to write; it appears only after every check has passed.
        metadata: what an evaluation must know (``dataset``, ``classes``, ``mean``, ``std``); stored
            as ``plumline.<key>``, in JSON unless the value is a text already.
        dynamic_batch: leave the size of axis 0 open in every input.
        opset: version of the ONNX operator set, 17 or later.
        tolerance: how far an output may differ, relative to its largest absolute value.

    Raises:
        InputError: the model has a NaN weight or cannot be exported, or the file's answers differ
            from the module's.
    """
    if opset < LOWEST_OPSET:
        raise InputError(f"opset {opset} is too old: plumline writes {LOWEST_OPSET} or later")
    require("onnxscript", "train")
    check_finite(model)
    frozen = _frozen_copy(model)
    examples = _example_tuple(example)
    proto = _trace(frozen, examples, dynamic_batch, opset)
    _describe(proto, metadata or {})
    if proto.ByteSize() > LARGEST_FILE:
        raise InputError(f"{path}: the network is over 2 GB, more than one ONNX file can hold")
    data = proto.SerializeToString()
    onnx.checker.check_model(data, full_check=True)
    checked_with, difference = _compare(frozen, examples, data, dynamic_batch, tolerance)
    write_bytes(path, data)
    return ExportReport(
        path=os.fspath(path),
        bytes=len(data),
        opset=opset,
        inputs={value.name: _shape(value) for value in proto.graph.input},
        outputs=tuple(value.name for value in proto.graph.output),
        operators=dict(sorted(Counter(node.op_type for node in proto.graph.node).items())),
        checked_with=checked_with,
        difference=difference,
    )


def _frozen_copy(model: nn.Module) -> nn.Module:
    frozen = copy.deepcopy(model).cpu()
    freeze(frozen)
    return frozen.float().eval().requires_grad_(False)


def _example_tuple(example: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:
    examples = (example,) if isinstance(example, Tensor) else tuple(example)
    if not examples or not all(isinstance(x, Tensor) and x.ndim > 0 for x in examples):
        raise InputError("example must be a tensor, or one an input, with a batch axis first")
    return tuple(x.detach().cpu() for x in examples)


def _trace(
    module: nn.Module, examples: tuple[Tensor, ...], dynamic_batch: bool, opset: int
) -> onnx.ModelProto:
    """Trace with ``torch.export`` and translate; every size but the batch is fixed."""
    output_names = _output_names(module, examples)
    shapes = None
    if dynamic_batch:
        # The tracer takes a size of 1 for a constant: an open batch is traced with two rows.
        examples = _with_batch(examples, max(2, examples[0].shape[0]))
        shapes = _tree_of_shapes(module, examples, torch.export.Dim("batch"))
    with _quiet():
        try:
            program = torch.onnx.export(
                module,
                examples,
                dynamo=True,
                optimize=False,
                verbose=False,
                opset_version=opset,
                dynamic_shapes=shapes,
                input_names=_input_names(module, len(examples)),
                output_names=output_names,
            )
        except Exception as error:
            raise InputError(
                f"cannot export {type(module).__name__}: {_one_line(error.__cause__ or error)}"
            ) from error
        assert program is not None
        _tidy(program.model)
        proto: onnx.ModelProto = program.model_proto
        return proto


def _tidy(model: Any) -> None:
    """Fold constants and remove what tracing left behind, keeping the bits of every weight."""
    passes = require("onnx_ir.passes.common", "train")
    optimizer = require("onnxscript.optimizer", "train")
    rewriter = require("onnxscript.rewriter", "train")
    rules = require("onnxscript.rewriter.rules.common", "train")
    passes.InlinePass()(model)
    rewrite = rewriter.RewritePass([getattr(rules, name) for name in _REWRITES])
    for _ in range(2):  # a rewrite can leave new constants to fold
        optimizer.fold_constants_ir(model)
        rewrite(model)
    passes.RemoveUnusedNodesPass()(model)
    passes.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    passes.DeduplicateInitializersPass()(model)
    passes.CommonSubexpressionEliminationPass()(model)
    passes.RemoveUnusedNodesPass()(model)
    passes.RemoveUnusedOpsetsPass()(model)


def _describe(proto: onnx.ModelProto, metadata: Mapping[str, object]) -> None:
    """Drop the tracer's notes (they hold paths of this machine) and write the user's metadata."""
    for item in (*proto.graph.node, *proto.graph.value_info, *proto.graph.initializer):
        del item.metadata_props[:]
        item.doc_string = ""
    for item in (*proto.graph.input, *proto.graph.output, proto.graph):
        del item.metadata_props[:]
    texts = {
        f"plumline.{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in metadata.items()
    }
    onnx.helper.set_model_props(proto, texts)


def _compare(
    module: nn.Module,
    examples: tuple[Tensor, ...],
    data: bytes,
    dynamic_batch: bool,
    tolerance: float,
) -> tuple[str, float]:
    """Run the file beside the module on the example, and on one row more when the batch is open."""
    name, run = _runner(data)
    names = _input_names(module, len(examples))
    batches = [examples]
    if dynamic_batch:
        batches.append(_with_batch(examples, examples[0].shape[0] + 1))
    worst = 0.0
    for batch in batches:
        expected = [answer.numpy() for answer in _answers(module, batch)]
        actual = run({key: x.numpy() for key, x in zip(names, batch, strict=True)})
        for ours, theirs in zip(expected, actual, strict=True):
            difference = _difference(ours, theirs)
            if not difference <= tolerance:  # also when it is not a number
                raise InputError(
                    f"{name} and the module differ by {difference:.1e} of the largest answer, more "
                    f"than {tolerance:.0e}: the module depends on more than its inputs, or answers "
                    "with numbers too large for float32"
                )
            worst = max(worst, difference)
    return name, worst


def _difference(expected: npt.NDArray[Any], actual: npt.NDArray[Any]) -> float:
    if expected.shape != actual.shape:
        raise InputError(f"the module answers in shape {expected.shape}, the file {actual.shape}")
    if expected.size == 0:
        return 0.0
    gap = np.abs(expected.astype(np.float64) - actual.astype(np.float64)).max()
    return float(gap / max(np.abs(expected).max(), np.finfo(np.float32).tiny))


def _runner(data: bytes) -> tuple[str, Runner]:
    """ONNX Runtime when it is installed, else the slow evaluator that comes with ONNX."""
    try:
        runtime = require("onnxruntime", "bench")
    except MissingDependencyError:
        from onnx.reference import ReferenceEvaluator

        evaluator: Any = ReferenceEvaluator(onnx.load_model_from_string(data))
        return f"onnx.reference {onnx.__version__}", lambda feed: evaluator.run(None, feed)
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return f"ONNX Runtime {runtime.__version__}", lambda feed: session.run(None, feed)


def _answers(module: nn.Module, batch: tuple[Tensor, ...]) -> list[Tensor]:
    try:
        with torch.inference_mode():
            return list(_leaves(module(*batch)))
    except Exception as error:
        shapes = ", ".join(str(tuple(x.shape)) for x in batch)
        raise InputError(
            f"{type(module).__name__} fails on inputs of shape {shapes}: {_one_line(error)} "
            "(a network for one batch size needs dynamic_batch=False)"
        ) from error


def _leaves(answer: object) -> Iterator[Tensor]:
    if isinstance(answer, Tensor):
        yield answer
    elif isinstance(answer, (tuple, list, dict)):
        for part in answer.values() if isinstance(answer, dict) else answer:
            yield from _leaves(part)


def _with_batch(examples: tuple[Tensor, ...], size: int) -> tuple[Tensor, ...]:
    """The examples repeated, then cut, to ``size`` rows."""
    return tuple(x[torch.arange(size) % x.shape[0]] for x in examples)


def _parameters(module: nn.Module) -> list[inspect.Parameter]:
    return list(inspect.signature(module.forward).parameters.values())


def _input_names(module: nn.Module, count: int) -> list[str]:
    if count == 1:
        return ["input"]
    named = [p.name for p in _parameters(module) if p.kind is not inspect.Parameter.VAR_POSITIONAL]
    return (named + [f"input_{number}" for number in range(len(named), count)])[:count]


def _output_names(module: nn.Module, examples: tuple[Tensor, ...]) -> list[str]:
    count = len(_answers(module, examples))
    return ["output"] if count == 1 else [f"output_{number}" for number in range(count)]


def _tree_of_shapes(module: nn.Module, examples: tuple[Tensor, ...], batch: Any) -> Any:
    """``dynamic_shapes`` follows the arguments of ``forward``: ``*inputs`` is one nested tuple."""
    shapes = tuple({0: batch} for _ in examples)
    kinds = [p.kind for p in _parameters(module)]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        plain = kinds.index(inspect.Parameter.VAR_POSITIONAL)
        return (*shapes[:plain], shapes[plain:])
    return shapes


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]


def _shape(value: onnx.ValueInfoProto) -> tuple[int | str, ...]:
    return tuple(d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's many notes to itself: what went wrong is in the exception."""
    disabled = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
