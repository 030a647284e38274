import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onnxOracle } from '../../attacks/index.ts';
import { writeNpz } from '../../data/index.ts';
import { Classifier, namedModel, readSafeTensors, sizeOf } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { noise } from '../support/data.ts';
import { testEngine } from '../support/engine.ts';
import { inFolder, inProcess, refused, validJson } from './support.ts';

const engine = await testEngine();
const test = suite('keyhole export');
const SLOW = { timeout: 60_000 };
const SHAPE = [6, 5, 2];

/** A memorised set with the file of its model. */
async function trained(folder: string, name = 'mnist-strided') {
  const members = noise(1, 60, SHAPE, 3);
  const classifier = Classifier.create(engine, namedModel(name, SHAPE, 3), { seed: 2 });
  await classifier.fit(members, { epochs: 30, batchSize: 20, seed: 1 });
  const out = join(folder, 'run');
  mkdirSync(out);
  writeFileSync(join(out, 'model.safetensors'), classifier.save({ privacy: '{"epsilon":3}' }));
  return { classifier, out, members };
}

test(
  'both files at once: ONNX answers as the model does, safetensors loads as it and keeps what was noted',
  () =>
    inFolder(async (folder) => {
      const { classifier, out, members } = await trained(folder);
      const [onnx, weights] = [join(folder, 'm.onnx'), join(folder, 'm.safetensors')];
      const finished = await inProcess(['export', '--model', out, '--onnx', onnx, '--safetensors', weights, '--json']);
      assert.is(finished.code, 0, finished.stderr);
      const { model, files, check } = validJson(finished, 'keyhole.export/1');
      assert.equal(model, {
        name: 'mnist-strided',
        parameters: classifier.parameters,
        inputShape: SHAPE,
        classes: 3,
        dtype: 'f32',
      });
      assert.equal(
        files.map((f) => [f.format, f.path, f.bytes]),
        [onnx, weights].map((path, i) => [['onnx', 'safetensors'][i], path, readFileSync(path).length]),
      );
      assert.ok(check!.largest < 1e-5, `${check!.largest}`);

      const oracle = await onnxOracle({ model: readFileSync(onnx), inputShape: SHAPE });
      const want = await classifier.logits(members.x as Float32Array);
      for (const [i, z] of Array.from((await oracle.ask(members.x as Float32Array)).values).entries())
        assert.ok(Math.abs(z - want[i]!) <= 1e-5 * Math.max(1, Math.abs(want[i]!)), `${i}: ${z}, ${want[i]}`);
      await oracle.dispose();

      const bytes = readFileSync(weights);
      const loaded = Classifier.load(engine, bytes);
      assert.equal(await loaded.logits(members.x as Float32Array), want);
      assert.is(readSafeTensors(bytes).metadata['privacy'], '{"epsilon":3}');
      loaded.dispose();
      classifier.dispose();
    }),
  SLOW,
);

test(
  'there and back: an audit of the ONNX file finds what is in it',
  () =>
    inFolder(async (folder) => {
      const { classifier, out, members } = await trained(folder, 'mlp');
      classifier.dispose();
      const onnx = join(folder, 'm.onnx');
      assert.is((await inProcess(['export', '--model', join(out, 'model.safetensors'), '--onnx', onnx])).code, 0);
      const rows = (name: string, set: { x: ArrayLike<number>; y: ArrayLike<number> }) => {
        const path = join(folder, name);
        const shape = [set.x.length / sizeOf(SHAPE), ...SHAPE];
        const x = { shape, data: Float32Array.from(set.x) };
        writeFileSync(path, writeNpz({ x, y: { shape: [shape[0]!], data: Int32Array.from(set.y) } }));
        return path;
      };
      const sets = ['--members', rows('in.npz', members), '--non-members', rows('out.npz', noise(2, 60, SHAPE, 3))];
      const finished = await inProcess(['audit', '--model', onnx, ...sets, '--attacks', 'loss', '--json', '--quiet']);
      assert.is(finished.code, 0, finished.stderr);
      const { attacks, target, train } = validJson(finished, 'keyhole.audit/1');
      assert.equal([target!.kind, target!.outputs, train.accuracy], ['onnx', 'logits', 1]);
      assert.ok(attacks[0]!.auc.low > 0.8, `${attacks[0]!.auc.low}`);
    }),
  SLOW,
);

test('what it cannot export is refused, with the remedy', () =>
  inFolder(async (folder) => {
    const onnx = ['--onnx', join(folder, 'm.onnx')];
    refused(
      await inProcess(['export', '--model', 'mnist', ...onnx]),
      2,
      /got the name of a model without weights\. Train it first: keyhole train --model mnist --out/,
    );
    refused(await inProcess(['export', '--model', join(folder, 'none'), ...onnx]), 2, /there is none/);
    const file = join(folder, 'x.safetensors');
    writeFileSync(file, 'no model');
    refused(await inProcess(['export', '--model', file, ...onnx]), 1, /x\.safetensors: expected a header within/);
    refused(await inProcess(['export', '--model', file]), 2, /expected --onnx FILE or --safetensors FILE, got neither/);
    const { classifier, out } = await trained(folder, 'softmax');
    classifier.dispose();
    refused(
      await inProcess(['export', '--model', out, '--onnx', join(folder, 'no', 'm.onnx')]),
      1,
      /could not be written/,
    );
  }));
