/** What a layer is: a pure function of a tree of parameters. No hidden state, no train() flag. */
import type { Engine } from '../engine.ts';
import type { DType } from '../memory/index.ts';
import type { Activation, PoolOptions } from '../ops/index.ts';
import type { Rng } from '../random/index.ts';
import type { Shape, Tensor } from '../tensor/index.ts';

export interface InitContext {
  readonly engine: Engine;
  readonly rng: Rng;
  /** f32 on the wasm kernels (default), f64 on the reference backend */
  readonly dtype: DType;
}

export interface ApplyContext {
  readonly mode: 'train' | 'eval';
  /** source of dropout masks; needed in train mode only */
  readonly rng?: Rng;
}

export interface Layer<P = unknown> {
  readonly name: string;
  /** fresh parameters in the current scope */
  init(context: InitContext): P;
  apply(params: P, x: Tensor, context: ApplyContext): Tensor;
  /** the steps of a sequence, whose parameters are a list in the same order */
  readonly layers?: readonly Layer[];
  /** what a layer without parameters computes, if the layer before can compute it along with itself */
  readonly tail?: Tail;
  /** this layer and the first of the next ones in fewer passes over memory; `sequential` asks for it */
  fuse?(next: readonly Layer[]): Fused<P>;
}

export type Tail = { readonly activation: Activation } | { readonly maxPool2d: PoolOptions };

export interface Fused<P> {
  /** how many of the next layers are part of it */
  readonly taken: number;
  readonly apply: Layer<P>['apply'];
}

/** A layer from images or rows to logits, with what attacks must know about its inputs. */
export interface Model<P = unknown> extends Layer<P> {
  /** of one sample: [h, w, c] or [features] */
  readonly inputShape: Shape;
  readonly classes: number;
}

export const EVAL: ApplyContext = { mode: 'eval' };

/** A layer without parameters. */
export function stateless(name: string, apply: (x: Tensor, context: ApplyContext) => Tensor, tail?: Tail): Layer<null> {
  return { name, init: () => null, apply: (_, x, context) => apply(x, context), ...(tail && { tail }) };
}
