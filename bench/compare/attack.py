"""The other side of the comparison: foolbox and AutoAttack on a model that Keyhole exported.

    python3 attack.py --folder FOLDER [--plan plan.json] [--only REGEX]

FOLDER has model.onnx and rows.npz, as ours.ts leaves them; theirs.json is written there. The ONNX graph is run by torch, node
for node, so that gradients come from torch. Needs torch, onnx and numpy; foolbox 3.3 and autoattack for the attacks of theirs
(pip install foolbox==3.3.4 git+https://github.com/fra31/auto-attack). Attacks whose package is missing are left out, by name.
"""

import argparse
import hashlib
import json
import os
import re
import time

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
NORMS = {"linf": "Linf", "l2": "L2"}


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def padded(x, pads, value):
    top, left, bottom, right = pads
    return F.pad(x, (left, right, top, bottom), value=value) if any(pads) else x


def conv(x, w, b=None, *, strides, pads, dilations, group, **_):
    return F.conv2d(padded(x, pads, 0.0), w, b, strides, 0, dilations, group)


def max_pool(x, *, kernel_shape, strides, pads, **_):
    return F.max_pool2d(padded(x, pads, -float("inf")), kernel_shape, strides)


def average_pool(x, *, kernel_shape, strides, pads, **_):
    return F.avg_pool2d(padded(x, pads, 0.0), kernel_shape, strides)  # count_include_pad is always 1


def gemm(a, b, c=None, *, transA=0, transB=0):
    y = (a.t() if transA else a) @ (b.t() if transB else b)
    return y if c is None else y + c


OPS = {
    "Abs": torch.abs,
    "Add": torch.add,
    "AveragePool": average_pool,
    "Clip": lambda x, low, high: x.clamp(low.item(), high.item()),
    "Conv": conv,
    "Div": torch.div,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "Gather": lambda x, i, axis: torch.index_select(x, axis, i.reshape(-1)).reshape(*i.shape, -1),
    "Gemm": gemm,
    "Identity": lambda x: x,
    "InstanceNormalization": lambda x, w, b, epsilon: F.instance_norm(x, weight=w, bias=b, eps=epsilon),
    "LayerNormalization": lambda x, w, b, axis, epsilon: F.layer_norm(x, w.shape, w, b, epsilon),
    "LeakyRelu": lambda x, alpha: F.leaky_relu(x, alpha),
    "Log": torch.log,
    "LogSoftmax": lambda x, axis: F.log_softmax(x, axis),
    "Max": torch.maximum,
    "MaxPool": max_pool,
    "Min": torch.minimum,
    "Mul": torch.mul,
    "Relu": torch.relu,
    "Reshape": lambda x, shape: x.reshape([x.shape[i] if n == 0 else n for i, n in enumerate(shape.tolist())]),
    "Sigmoid": torch.sigmoid,
    "Softmax": lambda x, axis: F.softmax(x, axis),
    "Sqrt": torch.sqrt,
    "Sub": torch.sub,
    "Tanh": torch.tanh,
    "Transpose": lambda x, perm: x.permute(*perm),
}


class Exported(torch.nn.Module):
    """An ONNX file of Keyhole's: images [n, channels, height, width], as torch has them, to logits [n, classes]."""

    def __init__(self, path):
        super().__init__()
        model = onnx.load(path)
        self.nodes = [(n.op_type, list(n.input), n.output[0], attributes(n)) for n in model.graph.node]
        unknown = sorted({op for op, *_ in self.nodes} - set(OPS))
        if unknown:
            raise SystemExit(f"{path}: no torch for the ops {', '.join(unknown)}: add them to OPS")
        self.weights = {w.name: torch.from_numpy(numpy_helper.to_array(w).copy()) for w in model.graph.initializer}
        self.input, self.output = model.graph.input[0].name, model.graph.output[0].name

    def forward(self, x):
        values = {**self.weights, self.input: x.permute(0, 2, 3, 1) if x.dim() == 4 else x}
        for op, inputs, output, options in self.nodes:
            values[output] = OPS[op](*(values[name] for name in inputs), **options)
        return values[self.output]


def foolbox_attack(model, x, y, planned, epsilons):
    """Robust accuracy at each epsilon, by the attack of that class; foolbox projects and predicts again itself."""
    import foolbox

    wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
    attack = getattr(foolbox.attacks, planned["theirs"]["attack"])(**planned["theirs"]["options"])
    # its HopSkipJump divides by lengths over the whole batch, which shortens the steps of large ones
    batch = planned["theirs"].get("batch", len(y))
    started = time.time()
    fooled = torch.cat([attack(wrapped, *part, epsilons=epsilons)[2] for part in zip(x.split(batch), y.split(batch))], 1)
    seconds = time.time() - started
    return [(e, 1 - fooled[i].float().mean().item(), seconds) for i, e in enumerate(epsilons)], f"foolbox {foolbox.__version__}"


def auto_attack(model, x, y, planned, epsilons):
    """Robust accuracy at each epsilon; what it returns is held to the ball, and predicted again."""
    from autoattack import AutoAttack

    theirs, norm = planned["theirs"], planned["norm"]
    found = []
    for epsilon in epsilons:
        standard = theirs["run"] == "standard"
        attack = AutoAttack(
            model, norm=NORMS[norm], eps=epsilon, seed=1, verbose=False, device="cpu", version="standard" if standard else "custom"
        )
        if not standard:
            attack.attacks_to_run = theirs["run"]
        for path, value in theirs.get("set", {}).items():
            part, name = path.split(".")
            setattr(getattr(attack, part), name, value)
        started = time.time()
        adversarial = attack.run_standard_evaluation(x, y, bs=250)
        seconds = time.time() - started
        moved = (adversarial - x).flatten(1)
        size = moved.abs().max(1)[0] if norm == "linf" else moved.norm(dim=1)
        with torch.no_grad():
            right = model(x).argmax(1) == y
            fooled = (model(adversarial).argmax(1) != y) & (size <= epsilon * (1 + 1e-5))
        found.append((epsilon, (right & ~fooled).float().mean().item(), seconds))
    return found, "autoattack"


PACKAGES = {"foolbox": foolbox_attack, "autoattack": auto_attack}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True, help="with model.onnx and rows.npz; theirs.json is written there")
    parser.add_argument("--plan", default=os.path.join(HERE, "plan.json"))
    parser.add_argument("--only", default="", help="attacks whose name and norm match this regular expression")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(1)

    path = os.path.join(given.folder, "model.onnx")
    model = Exported(path).eval()
    rows = np.load(os.path.join(given.folder, "rows.npz"))
    x = torch.from_numpy(rows["x"])
    x = (x.permute(0, 3, 1, 2) if x.dim() == 4 else x).contiguous()
    y = torch.from_numpy(rows["y"]).long()
    with torch.no_grad():
        logits = model(x)
    apart = (logits - torch.from_numpy(rows["logits"])).abs().max().item()
    if apart > 1e-3:
        raise SystemExit(f"{path}: expected the logits of rows.npz, got others by {apart}: the two files do not belong together")
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    with open(given.plan) as file:
        plan = json.load(file)

    report = {
        "schema": "keyhole.compare/1",
        "by": f"torch {torch.__version__}",
        "model": digest,
        "rows": len(y),
        "clean": (logits.argmax(1) == y).float().mean().item(),
        "results": [],
        "left": [],
    }
    for planned in plan["attacks"]:
        name = f"{planned['attack']} {planned['norm']}"
        if not re.search(given.only, name):
            continue
        n = min(planned.get("rows", len(y)), len(y))
        try:
            found, by = PACKAGES[planned["theirs"]["package"]](model, x[:n], y[:n], planned, plan["epsilons"][planned["norm"]])
        except (ImportError, ValueError) as error:  # no package, or no start found for a row
            print(f"left out: {name}: {error}", flush=True)
            report["left"].append({"attack": planned["attack"], "norm": planned["norm"], "because": str(error)})
            continue
        for epsilon, robust, seconds in found:
            print(f"{name} at {epsilon}: {100 * robust:.1f} % of {n} rows, {seconds:.1f} s", flush=True)
            result = {"attack": planned["attack"], "norm": planned["norm"], "epsilon": epsilon, "rows": n}
            report["results"].append({**result, "robust": robust, "seconds": seconds, "by": by})
        with open(os.path.join(given.folder, "theirs.json"), "w") as file:
            json.dump(report, file, indent=2)
    with open(os.path.join(given.folder, "theirs.json"), "w") as file:
        json.dump(report, file, indent=2)


if __name__ == "__main__":
    main()
