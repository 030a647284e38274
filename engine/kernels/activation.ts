/** Activations that a layer's kernel can end with: those whose slope is a function of the result. */

/** In the order of the kernels' numbers. */
export const activations = ['none', 'relu', 'tanh', 'sigmoid'] as const;
export type Activation = (typeof activations)[number];

/** The number that kernels know an activation by. */
export const activationCode = (name: Activation): number => activations.indexOf(name);

interface Formula {
  readonly value: (x: number) => number;
  /** dy/dx, from y */
  readonly slope: (y: number) => number;
}

/** For the references, by the kernels' number. */
export const formulas: readonly Formula[] = [
  { value: (x) => x, slope: () => 1 },
  { value: (x) => Math.max(x, 0), slope: (y) => (y > 0 ? 1 : 0) },
  { value: (x) => Math.tanh(x), slope: (y) => 1 - y * y },
  { value: (x) => 1 / (1 + Math.exp(-x)), slope: (y) => y * (1 - y) },
];

/** Rows that `bias_activation_grad` adds up for each row of sums that it writes. */
export const rowsPerSum = (cols: number): number => Math.max(32, Math.min(1024, Math.floor(65536 / Math.max(1, cols))));

/** Rows of sums that it writes. */
export const sumsOf = (rows: number, cols: number): number => Math.max(1, Math.ceil(rows / rowsPerSum(cols)));
