/**
 * An ONNX file as oracle, run by onnxruntime-web: an optional peer dependency, loaded when it is asked for, or handed over by a
 * page. One thread, so that nothing but the file and the rows decides the answers.
 */
import { ConfigError, FormatError, KeyholeError, type Shape, sizeOf } from '../../engine/index.ts';
import type { Answer } from './answers.ts';
import { openLedger } from './ledger.ts';
import type { Oracle } from './oracle.ts';
import type { Samples } from './target.ts';

export const layouts = ['nchw', 'nhwc'] as const;

/** What of onnxruntime-web is used. */
export interface OnnxRuntime {
  readonly env: { readonly wasm: { numThreads?: number }; logLevel?: string };
  readonly InferenceSession: {
    create(model: Uint8Array, options: { executionProviders: string[] }): Promise<OnnxSession>;
  };
  readonly Tensor: new (type: string, data: OnnxNumbers, dims: readonly number[]) => OnnxTensor;
}

type OnnxNumbers = Float32Array | Float64Array | Uint8Array | Int32Array | BigInt64Array;

interface OnnxTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

interface OnnxValue {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  /** names stand for sizes that are open */
  readonly shape?: readonly (number | string)[];
}

export interface OnnxSession {
  readonly inputMetadata: readonly OnnxValue[];
  readonly outputMetadata: readonly OnnxValue[];
  run(feeds: Readonly<Record<string, OnnxTensor>>, fetches: readonly string[]): Promise<Record<string, OnnxTensor>>;
  release(): Promise<void>;
}

export interface OnnxOptions {
  readonly model: Uint8Array;
  /** for messages and records; default 'model.onnx' */
  readonly name?: string;
  /** of one row, as the data have it */
  readonly inputShape: Shape;
  /** of the model's input, where it is not that of the data: images are then turned from the other one */
  readonly layout?: (typeof layouts)[number];
  /** which of several outputs; default the only one with a number for each class */
  readonly output?: string;
  /** rows at a time; default 64, or what the file fixes */
  readonly batch?: number;
  readonly queryBudget?: number;
  /** onnxruntime-web, for pages that load it from somewhere else; default: the package that is installed */
  readonly runtime?: OnnxRuntime;
}

/** @throws ConfigError without onnxruntime-web, and for rows that do not fit the model; FormatError for a file that it cannot read */
export async function onnxOracle(options: OnnxOptions): Promise<Oracle> {
  const { inputShape, layout, name = 'model.onnx' } = options;
  const runtime = options.runtime ?? (await installedRuntime());
  runtime.env.wasm.numThreads = 1;
  runtime.env.logLevel = 'error';
  const session = await open(runtime, options.model, name);
  try {
    const input = onlyInput(session, name);
    const output = chosenOutput(session, options.output, name);
    const [fixedBatch, ...wanted] = input.shape ?? [];
    const turn = layout ? turned(inputShape, layout, name) : null;
    const fed = fedShape(turn?.shape ?? inputShape, wanted, { name, inputShape, layout });
    const batch = typeof fixedBatch === 'number' && fixedBatch > 0 ? fixedBatch : null;
    const ledger = openLedger(options.queryBudget);
    const width = sizeOf(inputShape);
    return {
      kind: 'onnx',
      name,
      inputShape,
      rowsAtOnce: batch ?? options.batch ?? 64,
      questionsAtOnce: 1,
      ledger,
      ask: (x) =>
        ledger.time(async () => {
          const rows = x.length / width;
          const full = batch ?? rows;
          const data = new Float32Array(full * width);
          data.set(turn ? turn.apply(x) : x);
          const feeds = {
            [input.name]: new runtime.Tensor(input.type ?? 'float32', typed(data, input), [full, ...fed]),
          };
          let results: Record<string, OnnxTensor>;
          try {
            results = await session.run(feeds, [output.name]);
          } catch (error) {
            throw new FormatError(`${name}: expected rows [${fed}] to run, got: ${messageOf(error)}`, name);
          }
          return readTensor(results[output.name]!, rows, full, output.name);
        }),
      dispose: () => session.release(),
    };
  } catch (error) {
    await session.release();
    throw error;
  }
}

async function installedRuntime(): Promise<OnnxRuntime> {
  try {
    return (await import('onnxruntime-web')) as unknown as OnnxRuntime;
  } catch (error) {
    throw new ConfigError(
      `onnx: expected onnxruntime-web, which runs ONNX files, got none (${messageOf(error)}). Install it beside keyhole: npm install onnxruntime-web. In a page, hand it over (runtime).`,
      'runtime',
    );
  }
}

async function open(runtime: OnnxRuntime, model: Uint8Array, name: string): Promise<OnnxSession> {
  try {
    return await runtime.InferenceSession.create(model, { executionProviders: ['wasm'] });
  } catch (error) {
    throw new FormatError(`${name}: expected an ONNX model, got a file that cannot be run: ${messageOf(error)}`, name);
  }
}

const INPUT_TYPES = ['float32', 'float64', 'uint8', 'int32', 'int64'];

function onlyInput({ inputMetadata }: OnnxSession, name: string): OnnxValue {
  const [input] = inputMetadata;
  if (inputMetadata.length !== 1 || !input?.isTensor || !INPUT_TYPES.includes(input.type ?? '')) {
    const list = inputMetadata.map((v) => `${v.name} (${v.type ?? 'no tensor'})`).join(', ');
    throw new ConfigError(
      `${name}: expected a model with one input of numbers (${INPUT_TYPES.join(', ')}), got ${list || 'none'}. Export it with one.`,
      'model',
    );
  }
  return input;
}

/** scikit-learn's exporters give a label beside the probabilities: numbers for each class say more. */
function chosenOutput({ outputMetadata }: OnnxSession, asked: string | undefined, name: string): OnnxValue {
  const names = outputMetadata.map((v) => v.name);
  const fault = (expected: string) =>
    new ConfigError(`${name}: expected ${expected}, got ${names.join(', ')}. Name one (output).`, 'output', names);
  if (asked !== undefined) {
    const found = outputMetadata.find((v) => v.name === asked);
    if (!found) throw fault(`an output '${asked}'`);
    return found;
  }
  const tensors = outputMetadata.filter((v) => v.isTensor);
  const scores = tensors.filter((v) => v.type?.startsWith('float') && (v.shape?.length ?? 2) === 2);
  const candidates = scores.length > 0 ? scores : tensors;
  const [only] = candidates;
  if (candidates.length !== 1 || !only) throw fault('one output with a number for each class');
  return only;
}

/** Rows of the data as the model's input has them: reshaped where that moves no number, refused where it would. */
function fedShape(
  shape: Shape,
  wanted: readonly (number | string)[],
  { name, inputShape, layout }: { name: string; inputShape: Shape; layout: string | undefined },
): Shape {
  if (wanted.length === 0) return shape;
  const fits = (a: Shape, b: readonly (number | string)[]) =>
    a.length === b.length && a.every((n, i) => typeof b[i] !== 'number' || b[i] === n || (b[i] as number) <= 0);
  if (fits(shape, wanted)) return shape;
  const known = wanted.every((n) => typeof n === 'number' && n > 0) ? (wanted as Shape) : null;
  const long = (s: Shape) => s.filter((n) => n !== 1);
  const flat = shape.length === 1 || known?.length === 1;
  if (known && sizeOf(known) === sizeOf(shape) && (flat || String(long(known)) === String(long(shape)))) return known;
  const [h, w, c] = inputShape;
  const [p, q, r] = inputShape;
  const other =
    layout === undefined && inputShape.length === 3
      ? fits([c!, h!, w!], wanted)
        ? ' The model seems to want channels first: say so (layout nchw).'
        : fits([q!, r!, p!], wanted)
          ? ' The model seems to want channels last: say so (layout nhwc).'
          : ''
      : '';
  throw new ConfigError(
    `${name}: expected rows of [${wanted.join(', ')}], got [${inputShape.join(', ')}]${layout ? `, turned into ${layout} [${shape.join(', ')}]` : ''}.${other}`,
    'inputShape',
  );
}

interface Turn {
  readonly shape: Shape;
  apply(x: Samples): Float32Array;
}

/** Images from one layout to the other. */
function turned(from: Shape, layout: (typeof layouts)[number], name: string): Turn {
  if (from.length !== 3)
    throw new ConfigError(
      `${name}: expected images of three axes for layout ${layout}, got [${from.join(', ')}].`,
      'layout',
    );
  // [h, w, c] -> [c, h, w], or [c, h, w] -> [h, w, c]: rows and columns of a matrix change places
  const channels = layout === 'nchw' ? from[2]! : from[0]!;
  const pixels = sizeOf(from) / channels;
  const shape = layout === 'nchw' ? [from[2]!, from[0]!, from[1]!] : [from[1]!, from[2]!, from[0]!];
  const [outer, inner] = layout === 'nchw' ? [pixels, channels] : [channels, pixels];
  return {
    shape,
    apply(x) {
      const out = new Float32Array(x.length);
      for (let at = 0; at < x.length; at += pixels * channels)
        for (let i = 0; i < outer; i++)
          for (let j = 0; j < inner; j++) out[at + j * outer + i] = x[at + i * inner + j]!;
      return out;
    },
  };
}

function typed(data: Float32Array, { type = 'float32' }: OnnxValue): OnnxNumbers {
  if (type === 'float64') return Float64Array.from(data);
  if (type === 'uint8') return Uint8Array.from(data);
  if (type === 'int32') return Int32Array.from(data);
  if (type === 'int64') return BigInt64Array.from(data, (v) => BigInt(Math.round(v)));
  return data;
}

/** The first rows of an output [full, classes] or [full]: what a fixed batch was filled up with is left out. */
function readTensor({ data, dims, type }: OnnxTensor, rows: number, full: number, name: string): Answer {
  const values = Float64Array.from(data as ArrayLike<number | bigint>, Number);
  if (dims[0] !== full) throw new KeyholeError(`onnx: expected an output of ${full} rows, got [${dims.join(', ')}].`);
  const mine = values.subarray(0, (values.length / full) * rows);
  if (!type.startsWith('float')) return { values: mine, kind: 'labels' };
  // as Keyhole's own files and many of PyTorch's call them; one that is called probabilities is looked at all the same
  return name === 'logits' ? { values: mine, kind: 'logits' } : { values: mine };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
