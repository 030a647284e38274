/** A memorised set with its model, as files for `keyhole audit --model`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeNpz } from '../../data/index.ts';
import { Classifier, namedModel, sizeOf } from '../../engine/index.ts';
import { assert, atEnd } from '../harness.ts';
import { noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { onnxOf } from '../support/onnx.ts';
import { type Finished, inProcess, validJson } from './support.ts';

const engine = await testEngine();
export const SHAPE = [3, 4, 1];
export const CLASSES = 4;
const parts = [1, 2, 3].map((seed) => noise(seed, 120, SHAPE, CLASSES));
export const [members, nonMembers, population] = parts as [(typeof parts)[0], (typeof parts)[0], (typeof parts)[0]];
export const model = Classifier.create(engine, namedModel('mlp', SHAPE, CLASSES), { seed: 1 });
await model.fit(members, { epochs: 60, batchSize: 20, seed: 1 });
atEnd(() => model.dispose());

export function write(
  folder: string,
  name: string,
  set: { x: ArrayLike<number>; y: ArrayLike<number> },
  y = true,
): string {
  const path = join(folder, name);
  const rows = set.x.length / sizeOf(SHAPE);
  const arrays = {
    x: { shape: [rows, ...SHAPE], data: Float32Array.from(set.x) },
    ...(y && { y: { shape: [rows], data: Int32Array.from(set.y) } }),
  };
  writeFileSync(path, writeNpz(arrays));
  return path;
}

export function files(folder: string): string[] {
  const onnx = join(folder, 'm.onnx');
  writeFileSync(onnx, onnxOf(model));
  return ['--model', onnx, ...sets(folder)];
}
export const sets = (folder: string) => [
  '--members',
  write(folder, 'in.npz', members),
  '--non-members',
  write(folder, 'out.npz', nonMembers),
];

export function audited(finished: Finished) {
  assert.is(finished.code, 0, finished.stderr);
  return validJson(finished, 'keyhole.audit/1');
}
export const audit = async (...args: string[]) => audited(await inProcess(['audit', '--json', '--quiet', ...args]));
