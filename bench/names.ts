/** Row names say the work in full, so that a peer can do the same from the name alone. */

const netKinds = ['step', 'dp-step', 'forward'] as const;
type NetKind = (typeof netKinds)[number];

export type Spec =
  | {
      /** `sgemm`: the kernel; `matmul`: the op through the engine. C [m,n] = A B, A and B stored transposed on request */
      readonly kind: 'sgemm' | 'matmul';
      readonly m: number;
      readonly k: number;
      readonly n: number;
      readonly transA: boolean;
      readonly transB: boolean;
      /** percent of A's and of B's elements that are 0; a peer that multiplies by zeros need not know */
      readonly zerosA?: number;
      readonly zerosB?: number;
    }
  | {
      readonly kind: 'conv';
      readonly batch: number;
      readonly channels: number;
      readonly height: number;
      readonly width: number;
      readonly filters: number;
      readonly kernel: number;
      readonly stride: number;
      readonly pad: number;
      readonly pass: 'forward' | 'input-grad' | 'weight-grad';
      /** the share of the arriving gradient that is not zero, where it is not all of it */
      readonly nonzero?: 'half' | 'quarter';
    }
  /** `step`: of training; `dp-step`: by clipped gradients with noise; `forward`: the logits alone */
  | { readonly kind: NetKind; readonly net: string; readonly batch: number }
  | { readonly kind: 'account'; readonly accountant: string }
  | { readonly kind: 'svm'; readonly problem: string }
  | { readonly kind: 'trees'; readonly problem: string }
  | { readonly kind: 'score'; readonly problem: string }
  | { readonly kind: 'evasion'; readonly problem: string }
  | { readonly kind: 'startup'; readonly until: string }
  | { readonly kind: 'size'; readonly of: string }
  | { readonly kind: 'peak'; readonly loop: string }
  | { readonly kind: 'kernel'; readonly family: string; readonly problem: string };

/** The batch that a conv row's name leaves out. */
const CONV_BATCH = 64;

const gemm = /^(sgemm|matmul)\/(\d+)x(\d+)x(\d+)(?:\/([nt])([nt]))?(?:\/a(\d+)%)?(?:\/b(\d+)%)?$/;
const conv =
  /^conv\/(\d+)x(\d+)x(\d+)-(\d+)k(\d+)(?:s(\d+))?(?:p(\d+))?(?:b(\d+))?(?:\/(half|quarter))?\/(forward|input-grad|weight-grad)$/;
const step = /^(step|dp-step|forward)\/(\w+)\/b(\d+)$/;

/** What a row's name says; null when it is no row's name. A variant's name after a space does not count. */
export function parseName(name: string): Spec | null {
  const product = gemm.exec(name.replace(/ \w+$/, ''));
  if (product) {
    const [, kind, m, k, n, a, b, zerosA, zerosB] = product;
    return {
      kind: kind as 'sgemm' | 'matmul',
      m: Number(m),
      k: Number(k),
      n: Number(n),
      transA: a === 't',
      transB: b === 't',
      ...(zerosA ? { zerosA: Number(zerosA) } : {}),
      ...(zerosB ? { zerosB: Number(zerosB) } : {}),
    };
  }
  const convolution = conv.exec(name.replace(/ \w+$/, ''));
  if (convolution) {
    const [channels, height, width, filters, kernel, stride, pad, batch] = convolution.slice(1, 9).map((s) => s && +s);
    const size = Number(kernel);
    return {
      kind: 'conv',
      batch: Number(batch ?? CONV_BATCH),
      channels: Number(channels),
      height: Number(height),
      width: Number(width),
      filters: Number(filters),
      kernel: size,
      stride: Number(stride ?? 1),
      pad: Number(pad ?? size >> 1),
      pass: convolution[10] as 'forward' | 'input-grad' | 'weight-grad',
      ...(convolution[9] ? { nonzero: convolution[9] as 'half' | 'quarter' } : {}),
    };
  }
  const training = step.exec(name);
  if (training) return { kind: training[1] as NetKind, net: training[2]!, batch: Number(training[3]) };
  const [head, ...tail] = name.split('/');
  const rest = tail.join('/');
  if (!head || rest === '' || ['sgemm', 'matmul', 'conv', ...netKinds].includes(head)) return null;
  if (head === 'account') return { kind: 'account', accountant: rest };
  if (head === 'score') return { kind: 'score', problem: rest };
  if (head === 'evasion') return { kind: 'evasion', problem: rest };
  if (head === 'svm') return { kind: 'svm', problem: rest };
  if (head === 'trees') return { kind: 'trees', problem: rest };
  if (head === 'startup') return { kind: 'startup', until: rest };
  if (head === 'size') return { kind: 'size', of: rest };
  if (head === 'peak') return { kind: 'peak', loop: rest };
  return { kind: 'kernel', family: head, problem: rest };
}

/** `64x16x16x32-64k3` (batch x height x width x channels) -> `32x16x16-64k3`; other batches keep theirs as `b8`. */
export function convName(problem: string): string {
  const found = /^(\d+)x(\d+)x(\d+)x(\d+)-([^/]+)(\/.+)?$/.exec(problem);
  if (!found) throw new RangeError(`convName: expected batch x height x width x channels - filters, got '${problem}'`);
  const [, n, h, w, c, filters, zeros = ''] = found;
  return `${c}x${h}x${w}-${filters}${Number(n) === CONV_BATCH ? '' : `b${n}`}${zeros}`;
}
