/** Readers of option values for commander: what was expected, and what may have been meant. */
import { InvalidArgumentError } from 'commander';
import { didYouMean } from './suggest.ts';

export function whole(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

/** A word, or a whole number. */
export function wholeOr<T extends string>(word: T, least: number, most: number): (text: string) => number | T {
  return (text) => {
    if (text === word) return word;
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected ${word}, or a whole number from ${least} to ${most}.`);
  };
}

/** @param expected the range in words, as it ends the sentence "Expected a number ..." */
export function real(expected: string, ok: (value: number) => boolean): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isFinite(value) && ok(value)) return value;
    throw new InvalidArgumentError(`Expected a number ${expected}.`);
  };
}

export function oneOf<T extends string>(names: readonly T[]): (text: string) => T {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`Expected one of ${names.join(', ')}.${didYouMean(text, names)}`);
  };
}

/** `a,b` -> ['a', 'b'] */
export function someOf<T extends string>(names: readonly T[]): (text: string) => T[] {
  const one = oneOf(names);
  return (text) => {
    const parts = text.split(',').map((part) => part.trim());
    return [...new Set(parts.map(one))];
  };
}

/** For options that may be given more than once. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** `0.1,8/255` -> numbers above 0, each a decimal or a fraction */
export function fractions(text: string): number[] {
  return text.split(',').map((part) => {
    const [above = '', below, ...more] = part.split('/').map((one) => one.trim());
    const value = above === '' || below === '' || more.length > 0 ? Number.NaN : Number(above) / Number(below ?? 1);
    if (Number.isFinite(value) && value > 0) return value;
    throw new InvalidArgumentError('Expected numbers above 0 such as 0.1 or 8/255, separated by commas.');
  });
}
