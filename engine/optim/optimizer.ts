/**
 * Optimisers: a fused in-place `step` for training, and a pure `update` in differentiable ops for attacks that unroll
 * training. Their state is a tree, so it is saved, resumed and averaged like parameters.
 */
import { ConfigError, KeyholeError } from '../errors.ts';
import { rebuildTree, type Tensor, type TreeMap, tensorsOf } from '../tensor/index.ts';
import type { Schedule } from './schedules.ts';

export interface OptimizerState {
  /** steps taken */
  readonly step: number;
  /** per-parameter state by name; each a list in the order of the parameters' leaves */
  readonly slots: Readonly<Record<string, readonly Tensor[]>>;
}

export interface Optimizer {
  readonly name: string;
  /** the state before the first step, in the current scope */
  init(params: unknown): OptimizerState;
  /** overwrites parameters and slots in place by one fused kernel each; returns the state with its step counted */
  step<P>(params: P, grads: TreeMap<P, Tensor>, state: OptimizerState): OptimizerState;
  /** the same update as new tensors that gradients flow through */
  update<P>(
    params: P,
    grads: TreeMap<P, Tensor>,
    state: OptimizerState,
  ): { readonly params: P; readonly state: OptimizerState };
}

/** One parameter's rule; slots come in the order of `slots`. */
export interface Rule {
  readonly name: string;
  readonly slots: readonly string[];
  readonly learningRate: Schedule;
  /** in place; `t` counts from 1 */
  fused(p: Tensor, g: Tensor, slots: readonly Tensor[], learningRate: number, t: number): void;
  /** pure; returns the new parameter and the new slots */
  pure(p: Tensor, g: Tensor, slots: readonly Tensor[], learningRate: number, t: number): readonly [Tensor, ...Tensor[]];
}

/** @throws ConfigError unless the setting is in its range, which `expected` describes */
export function checkSetting(path: string, value: unknown, ok: boolean, expected: string): void {
  if (!ok) throw new ConfigError(`${path}: expected ${expected}, got ${value}.`, path);
}

/** Spreads one parameter's rule over trees. */
export function optimizerOf(rule: Rule): Optimizer {
  const pairs = (params: unknown, grads: unknown) => {
    const p = tensorsOf(params);
    const g = tensorsOf(grads);
    if (p.length !== g.length) {
      throw new KeyholeError(`${rule.name}: expected a gradient for each of ${p.length} parameters, got ${g.length}.`);
    }
    return { p, g };
  };
  const slotsAt = (state: OptimizerState, i: number) => rule.slots.map((name) => state.slots[name]![i]!);
  return {
    name: rule.name,
    init(params) {
      const zeros = () => tensorsOf(params).map((p) => p.engine.zeros(p.shape, p.dtype));
      return { step: 0, slots: Object.fromEntries(rule.slots.map((name) => [name, zeros()])) };
    },
    step(params, grads, state) {
      const { p, g } = pairs(params, grads);
      const t = state.step + 1;
      for (const [i, parameter] of p.entries()) {
        const slots = slotsAt(state, i);
        rule.fused(parameter, g[i]!, slots, rule.learningRate(state.step), t);
        for (const written of [parameter, ...slots]) written.storage.version++;
      }
      return { ...state, step: t };
    },
    update(params, grads, state) {
      const { p, g } = pairs(params, grads);
      const t = state.step + 1;
      const results = p.map((parameter, i) =>
        rule.pure(parameter, g[i]!, slotsAt(state, i), rule.learningRate(state.step), t),
      );
      const slots = Object.fromEntries(rule.slots.map((name, s) => [name, results.map((r) => r[s + 1]!)]));
      const next = results.map((r) => r[0]);
      return { params: rebuildTree(params, next) as typeof params, state: { step: t, slots } };
    },
  };
}
