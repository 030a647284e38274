/** Activations and their slopes by the kernels' number, for the references: none, relu, tanh, sigmoid. */
interface Formula {
  readonly value: (x: number) => number;
  /** dy/dx, from y */
  readonly slope: (y: number) => number;
}

export const formulas: readonly Formula[] = [
  { value: (x) => x, slope: () => 1 },
  { value: (x) => Math.max(x, 0), slope: (y) => (y > 0 ? 1 : 0) },
  { value: (x) => Math.tanh(x), slope: (y) => 1 - y * y },
  { value: (x) => 1 / (1 + Math.exp(-x)), slope: (y) => y * (1 - y) },
];
