/** A model with its parameters, for those who want three lines: make, fit, predict. */
import { DISPOSE } from '../dispose.ts';
import type { Engine } from '../engine.ts';
import { FormatError, ShapeError } from '../errors.ts';
import type { DType } from '../memory/index.ts';
import type { Model } from '../nn/index.ts';
import { namedModel } from '../nn/models.ts';
import { softmax } from '../ops/index.ts';
import { Rng } from '../random/index.ts';
import { countParameters, namedTensors, type Shape, sizeOf, type Tensor } from '../tensor/index.ts';
import { type EvaluateOptions, type Evaluation, evaluate, forward } from './evaluate.ts';
import type { Examples } from './examples.ts';
import { type FitOptions, type FitResult, fit } from './fit.ts';
import { readSafeTensors, type SafeTensor, writeSafeTensors } from './safetensors.ts';

export interface ClassifierOptions {
  /** names the initial parameters; default 0 */
  readonly seed?: number | bigint;
  /** f32 (default) trains on the wasm kernels, f64 on the reference backend */
  readonly dtype?: Exclude<DType, 'i32'>;
}

const FORMAT = 'keyhole.model/1';

/** What the axes of a parameter mean, for readers of the file. */
function axesOf(path: string, shape: Shape): string {
  if (path.endsWith('table')) return 'row,width';
  return ['', 'channel', 'out,in', '', 'kh,kw,in,out'][shape.length] ?? '';
}

/** The named model that a file's metadata describe. @throws FormatError, or ConfigError for an unknown name */
function describedModel(metadata: Readonly<Record<string, string>>, file: string): Model {
  const whole = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 1;
  let shape: unknown = null;
  try {
    shape = JSON.parse(metadata['inputShape'] ?? '');
  } catch {
    // told below
  }
  if (!Array.isArray(shape) || !shape.every(whole)) {
    throw new FormatError(`${file}: expected inputShape as a list of sizes, got ${metadata['inputShape']}.`, file);
  }
  const classes = Number(metadata['classes']);
  if (!whole(classes))
    throw new FormatError(`${file}: expected classes as a whole number >= 1, got ${metadata['classes']}.`, file);
  return namedModel(metadata['model'] ?? '', shape, classes);
}

export class Classifier implements Disposable {
  readonly engine: Engine;
  readonly model: Model;
  /** a tree of tensors that lives until `dispose`; training overwrites them in place */
  readonly params: unknown;

  private constructor(engine: Engine, model: Model, params: unknown) {
    this.engine = engine;
    this.model = model;
    this.params = engine.keep(params);
  }

  /** A model with fresh parameters. */
  static create(engine: Engine, model: Model, { seed = 0, dtype = 'f32' }: ClassifierOptions = {}): Classifier {
    const params = engine.run(
      'initialise',
      () => model.init({ engine, rng: Rng.from(seed).split('init'), dtype }) as never,
    );
    return new Classifier(engine, model, params);
  }

  /**
   * Reads a saved classifier.
   * @param model needed when it is not one of the named models
   * @throws FormatError when the file is damaged or does not fit the model
   */
  static load(engine: Engine, bytes: Uint8Array, options: { model?: Model; file?: string } = {}): Classifier {
    const file = options.file ?? 'model.safetensors';
    const fault = (message: string) => new FormatError(`${file}: ${message}`, file);
    const { tensors, metadata } = readSafeTensors(bytes, file);
    const format = metadata['format'] ?? 'none';
    if (format !== FORMAT) throw fault(`expected format ${FORMAT}, got ${format}. Was it saved by Classifier.save?`);
    const model = options.model ?? describedModel(metadata, file);
    const dtype = metadata['dtype'] === 'f64' ? 'f64' : 'f32';
    const classifier = Classifier.create(engine, model, { dtype });
    try {
      const parameters = namedTensors(classifier.params);
      for (const [path, t] of parameters) {
        const saved = tensors.get(path);
        if (!saved || String(saved.shape) !== String(t.shape))
          throw fault(`expected ${path} [${t.shape}], got ${saved ? `[${saved.shape}]` : 'none'}.`);
        t.set(saved.data);
      }
      if (parameters.length !== tensors.size)
        throw fault(`expected ${parameters.length} tensors for model '${model.name}', got ${tensors.size}.`);
    } catch (error) {
      classifier.dispose();
      throw error;
    }
    return classifier;
  }

  /** How many numbers were or will be trained. */
  get parameters(): number {
    return countParameters(this.params);
  }

  get dtype(): 'f32' | 'f64' {
    return (namedTensors(this.params)[0]?.[1].dtype ?? 'f32') as 'f32' | 'f64';
  }

  /** Trains in place; see `fit` for options and errors. */
  fit(data: Examples, options: FitOptions): Promise<FitResult> {
    return fit(this.engine, this.model, this.params, data, options);
  }

  evaluate(data: Examples, options?: EvaluateOptions): Promise<Evaluation> {
    return evaluate(this.engine, this.model, this.params, data, options);
  }

  /** Scores before softmax. x row-major [n, ...inputShape] -> [n, classes] @throws ShapeError */
  async logits(x: Float32Array | Float64Array, options?: EvaluateOptions): Promise<Float64Array<ArrayBuffer>> {
    return this.#forward(x, (logits) => logits, options);
  }

  /** Class probabilities. x row-major [n, ...inputShape] -> [n, classes] @throws ShapeError */
  async predict(x: Float32Array | Float64Array, options?: EvaluateOptions): Promise<Float64Array<ArrayBuffer>> {
    return this.#forward(x, softmax, options);
  }

  async #forward(x: Float32Array | Float64Array, finish: (logits: Tensor) => Tensor, options?: EvaluateOptions) {
    const width = sizeOf(this.model.inputShape);
    if (x.length % width !== 0) {
      throw new ShapeError(
        `predict: expected rows of ${width} numbers [${this.model.inputShape}], got ${x.length} numbers.`,
      );
    }
    return (await forward(this.engine, this.model, this.params, x, finish, options)).data;
  }

  /** The model as a safetensors file, with its layout and the meaning of each axis in the metadata. */
  save(metadata: Readonly<Record<string, string>> = {}): Uint8Array<ArrayBuffer> {
    const tensors = new Map<string, SafeTensor>();
    const axes: Record<string, string> = {};
    for (const [path, t] of namedTensors(this.params)) {
      tensors.set(path, { shape: t.shape, data: t.toArray() });
      axes[path] = axesOf(path, t.shape);
    }
    const { name, inputShape, classes } = this.model;
    return writeSafeTensors({
      tensors,
      metadata: {
        ...metadata,
        format: FORMAT,
        model: name,
        inputShape: JSON.stringify(inputShape),
        classes: String(classes),
        dtype: this.dtype,
        layout: 'NHWC',
        axes: JSON.stringify(axes),
      },
    });
  }

  /** Gives the parameters' memory back. */
  dispose(): void {
    this.engine.free(this.params);
  }

  [DISPOSE](): void {
    this.dispose();
  }
}
