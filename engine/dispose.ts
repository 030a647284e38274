// preserved: users whose "lib" has no Disposable still get the types of the classes that are
/// <reference lib="esnext.disposable" preserve="true" />
/** `Symbol.dispose`, for `using`, or a symbol of its own in browsers that do not have it yet. */
export const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose);
