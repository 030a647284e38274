/** `Symbol.dispose`, for `using`, or a symbol of its own in browsers that do not have it yet. */
export const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose);
