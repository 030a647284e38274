/** What was picked for each parameter, for people. */
import type { Tensor } from '../tensor/index.ts';
import type { ParamPart } from './shared.ts';

export interface PlanLine {
  /** path of the parameter in the tree */
  readonly parameter: string;
  /** how its per-sample gradients are bounded and summed */
  readonly way: string;
  /** what is kept for it until the factors are known */
  readonly bytes: number;
  /** all of it in one line */
  readonly text: string;
}
export type ClipPlan = readonly PlanLine[];

/** Path and tensor of each parameter. */
export type NamedTensors = readonly (readonly [path: string, tensor: Tensor])[];

export function planOf(named: NamedTensors, parts: readonly ParamPart[]): ClipPlan {
  return named.map(([parameter], param) => {
    const part = parts.find((p) => p.param === param)?.part;
    const kept = new Map((part?.keeps ?? []).map((t) => [t.storage, t.size * (t.dtype === 'f64' ? 8 : 4)]));
    const bytes = [...kept.values()].reduce((a, b) => a + b, 0);
    const way = part?.way ?? 'not used by the loss';
    return { parameter, way, bytes, text: part ? `${parameter}: ${way}, ${sizeText(bytes)}` : `${parameter}: ${way}` };
  });
}

const sizeText = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
