/** Activations that a layer's kernel can end with: those whose slope is a function of the result. */

/** In the order of the kernels' numbers. */
export const activations = ['none', 'relu', 'tanh', 'sigmoid'] as const;
export type Activation = (typeof activations)[number];

/** The number that kernels know an activation by. */
export const activationCode = (name: Activation): number => activations.indexOf(name);

/** Rows that the gradient of a bias adds up before they leave the cache, by the number of columns alone. */
export const rowsPerSum = (cols: number): number => Math.max(32, Math.min(1024, Math.floor(65536 / Math.max(1, cols))));

/** Rows of sums, each of `each` rows; at least one. */
export const sumsOf = (rows: number, each: number): number => Math.max(1, Math.ceil(rows / each));
