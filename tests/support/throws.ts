/** Assertions about errors: the class, and what the message must say. They return the error, for a closer look. */
import { assert } from '../harness.ts';

type Kind<E extends Error> = new (...args: never[]) => E;

function check<E extends Error>(error: unknown, kind: Kind<E>, message: RegExp): E {
  assert.instance(error, kind, `expected ${kind.name}, got ${error}`);
  assert.match((error as E).message, message);
  return error as E;
}

export function throwsError<E extends Error>(run: () => unknown, kind: Kind<E>, message: RegExp): E {
  let error: unknown = null;
  try {
    run();
  } catch (thrown) {
    error = thrown;
  }
  if (error === null) throw new Error(`expected ${kind.name}, got no error`);
  return check(error, kind, message);
}

/** Also for functions that throw at once. */
export async function rejectsError<E extends Error>(run: () => unknown, kind: Kind<E>, message: RegExp): Promise<E> {
  let error: unknown = null;
  try {
    await run();
  } catch (thrown) {
    error = thrown;
  }
  if (error === null) throw new Error(`expected ${kind.name}, got no error`);
  return check(error, kind, message);
}
