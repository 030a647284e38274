/** Turns an op's sample problems into tensors and calls, for the tests that run over the whole registry. */
import { type DType, type Engine, Rng, type Shape, type Tensor } from '../../engine/index.ts';
import { type AnyOp, callOp, type InputSample, type OpSample, opNames } from '../../engine/ops/index.ts';

/** Every op of the registry, or those that KEYHOLE_OPS lists: `npm run mutate` looks at a few at a time. */
export function testedOps(): string[] {
  const wanted = process.env['KEYHOLE_OPS']?.split(',');
  return opNames().filter((name) => !wanted || wanted.includes(name));
}

export type Values = Record<string, Float64Array>;

type Sample = OpSample<Record<string, unknown>, unknown>;
const specOf = (input: Shape | InputSample): InputSample => ('shape' in input ? input : { shape: input });

export function inputSpec(sample: Sample, name: string): InputSample {
  return specOf((sample.inputs as Record<string, Shape | InputSample>)[name]!);
}

/** f32-representable values, so that both backends start from the same numbers. */
export function sampleValues(op: AnyOp, sample: Sample, seed: number): Values {
  const rng = Rng.from(seed).split(`${op.name} ${sample.name}`);
  const values: Values = {};
  for (const name of op.inputs) {
    const { shape, range } = inputSpec(sample, name);
    const integer = op.integers?.includes(name) ?? false;
    const [low, high] = range ?? (integer ? [0, 1] : [-1, 1]);
    const size = shape.reduce((a, b) => a * b, 1);
    values[name] = Float64Array.from({ length: size }, () => {
      const v = low + rng.uniform() * (high - low);
      return integer ? Math.floor(v) : Math.fround(v);
    });
  }
  return values;
}

export function sampleTensors(
  engine: Engine,
  op: AnyOp,
  sample: Sample,
  values: Values,
  dtype: DType,
): Record<string, Tensor> {
  return Object.fromEntries(
    op.inputs.map((name) => {
      const integer = op.integers?.includes(name) ?? false;
      return [name, engine.tensor(values[name]!, inputSpec(sample, name).shape, { dtype: integer ? 'i32' : dtype })];
    }),
  );
}

export const call = (op: AnyOp, inputs: Record<string, Tensor>, sample: Sample): Tensor =>
  callOp(op, inputs, sample.attrs);

/** The inputs that gradients flow to. */
export const differentiable = (op: AnyOp): string[] => op.inputs.filter((name) => !op.integers?.includes(name));
