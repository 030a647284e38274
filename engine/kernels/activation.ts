/** Activations that a layer's kernel can end with: those whose slope is a function of the result. */

/** In the order of the kernels' numbers. */
export const activations = ['none', 'relu', 'tanh', 'sigmoid'] as const;
export type Activation = (typeof activations)[number];

/** The number that kernels know an activation by. */
export const activationCode = (name: Activation): number => activations.indexOf(name);

/** Rows that `bias_activation_grad` adds up for each row of sums that it writes. */
export const rowsPerSum = (cols: number): number => Math.max(32, Math.min(1024, Math.floor(65536 / Math.max(1, cols))));

/** Rows of sums that it writes. */
export const sumsOf = (rows: number, cols: number): number => Math.max(1, Math.ceil(rows / rowsPerSum(cols)));
