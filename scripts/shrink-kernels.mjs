// Makes a build of the kernels smaller on the wire, and changes no instruction that costs time: Binaryen's passes once more,
// told to prefer fewer bytes and to inline nothing, then functions beside those that they resemble, for gzip looks back
// only 32 KiB.
import { readFileSync, writeFileSync } from 'node:fs';
import binaryen from 'binaryen';

/** Rewrites the file. */
export function shrinkKernels(file) {
  const module = binaryen.readBinary(readFileSync(file));
  // no more than asc was told: with all of them the types are written in a way that Node 20 cannot read
  const { SIMD128, RelaxedSIMD, MutableGlobals, SignExt, NontrappingFPToInt, BulkMemory, BulkMemoryOpt } =
    binaryen.Features;
  const copies = BulkMemory | BulkMemoryOpt;
  module.setFeatures(SIMD128 | RelaxedSIMD | MutableGlobals | SignExt | NontrappingFPToInt | copies);
  binaryen.setOptimizeLevel(3);
  binaryen.setShrinkLevel(2);
  binaryen.setAlwaysInlineMaxSize(0);
  binaryen.setFlexibleInlineMaxSize(0);
  binaryen.setOneCallerInlineMaxSize(0);
  module.optimize();
  const functions = Array.from({ length: module.getNumFunctions() }, (_, i) =>
    binaryen.getFunctionInfo(module.getFunctionByIndex(i)),
  );
  const order = byLikeness(functionBodies(module.emitBinary()));
  for (const { name } of functions) module.removeFunction(name);
  for (const i of order) {
    const { name, params, results, vars, body } = functions[i];
    module.addFunction(name, params, results, vars, body);
  }
  if (!module.validate()) throw new Error(`${file}: the smaller kernels are not valid WebAssembly`);
  writeFileSync(file, module.emitBinary());
  module.dispose();
}

const CODE_SECTION = 10;

/** The code of each function of a module, as it is in the file. */
function functionBodies(bytes) {
  let at = 8; // after the magic number and the version
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (bytes[at++] !== CODE_SECTION) {
    const length = number();
    at += length;
  }
  number(); // of bytes
  return Array.from({ length: number() }, () => {
    const length = number();
    at += length;
    return bytes.subarray(at - length, at);
  });
}

const GRAM = 6; // bytes
const RECENT = 6000; // bytes that a function is compared with

/** An order in which each function comes after what it shares most with; the first stays the first. */
function byLikeness(bodies) {
  const grams = bodies.map((body) => {
    const found = new Set();
    for (let i = 0; i + GRAM <= body.length; i++) found.add(String.fromCharCode(...body.subarray(i, i + GRAM)));
    return [...found];
  });
  const left = new Set(bodies.keys());
  const order = [];
  const seen = new Map(); // where each gram was last
  let end = 0;
  for (let next = 0; ; ) {
    order.push(next);
    left.delete(next);
    end += bodies[next].length;
    for (const gram of grams[next]) seen.set(gram, end);
    if (left.size === 0) return order;
    let best = -1;
    for (const i of left) {
      let shared = 0;
      for (const gram of grams[i]) if (end - (seen.get(gram) ?? -RECENT) < RECENT) shared++;
      const likeness = shared / Math.sqrt(grams[i].length + 1);
      if (likeness > best) [best, next] = [likeness, i];
    }
  }
}
