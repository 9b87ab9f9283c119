"""The machine's own peak: the product of two square matrices, in billions of operations (multiply, add) a second."""

import json
import os
import subprocess
import sys
import time

SIZE = 1024
SECONDS = 2.0


def numpy_product():
    import numpy

    left, right = (numpy.random.rand(SIZE, SIZE).astype(numpy.float32) for _ in range(2))
    return lambda: left @ right


def runtime_product(int8, threads):
    """ONNX Runtime's product with a constant matrix, in the operator that the model's graph uses for it."""
    import numpy
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy.random.rand(SIZE, SIZE).astype(numpy.float32)
    if int8:
        constants = [
            numpy_helper.from_array((weights * 200 - 100).astype(numpy.int8), "b"),
            numpy_helper.from_array(numpy.full(SIZE, 0.01, numpy.float32), "scale"),
        ]
        node = helper.make_node("DynamicQuantizeMatMul", ["a", "b", "scale"], ["c"], domain="com.microsoft")
    else:
        constants = [numpy_helper.from_array(weights, "b")]
        node = helper.make_node("MatMul", ["a", "b"], ["c"])

    shape = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [SIZE, SIZE])
    graph = helper.make_graph([node], "product", [shape("a")], [shape("c")], constants)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feeds = {"a": numpy.random.rand(SIZE, SIZE).astype(numpy.float32)}
    return lambda: session.run(None, feeds)


def rate(product):
    for _ in range(3):
        product()
    runs, started = 0, time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        product()
        runs += 1
    return runs * 2 * SIZE**3 / (time.perf_counter() - started) / 1e9


def one(kind, threads):
    product = numpy_product() if kind == "numpy" else runtime_product(kind == "int8", threads)
    print(json.dumps(rate(product)))


def measure(settings):
    """In a process for each number of threads, because the libraries read it when they start."""
    peaks = {}
    for threads in sorted({1, min(2, os.cpu_count()), os.cpu_count()}):
        for kind in ("numpy", "fp32", "int8"):
            limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
            run = subprocess.run(
                [sys.executable, __file__, kind, str(threads)],
                capture_output=True, text=True, check=True, env={**os.environ, **limits},
            )
            peaks[f"{kind} {threads}"] = json.loads(run.stdout)
    return {"gflops": peaks}


if __name__ == "__main__":
    one(sys.argv[1], int(sys.argv[2]))
