/** Assertions about this project's errors: the class and the whole message. */
import { ConfigError, FormatError, type KeyholeError } from '../../engine/errors.ts';
import { assert } from '../harness.ts';

type Kind = new (...args: never[]) => KeyholeError;

async function caught(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error, got none');
}

function check(error: unknown, kind: Kind, message: string | RegExp): void {
  assert.instance(error, kind, `${error}`);
  const got = (error as Error).message;
  if (typeof message === 'string') assert.is(got, message);
  else assert.match(got, message);
}

export function throwsConfig(run: () => unknown, message: string | RegExp): void {
  let error: unknown = new Error('expected an error, got none');
  try {
    run();
  } catch (thrown) {
    error = thrown;
  }
  check(error, ConfigError, message);
}

export async function rejectsConfig(run: () => unknown, message: string | RegExp): Promise<void> {
  check(await caught(run), ConfigError, message);
}

/** Also for functions that throw at once. Returns the error, for a look at its file and offset. */
export async function refuses(run: () => unknown, message: string | RegExp): Promise<FormatError> {
  const error = await caught(run);
  check(error, FormatError, message);
  return error as FormatError;
}
