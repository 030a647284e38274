/**
 * A model behind an address: POST {"inputs": [row, …]}, a row nested as its shape says, to {"probabilities": [[…], …]},
 * {"logits": [[…], …]} or {"labels": […]}. See docs/audit-any-model.md.
 */
import { ConfigError, KeyholeError, Rng, type Shape, sizeOf } from '../../engine/index.ts';
import type { Answer } from './answers.ts';
import { openLedger } from './ledger.ts';
import type { Oracle } from './oracle.ts';
import type { Samples } from './target.ts';

export interface HttpOptions {
  readonly url: string;
  /** of one row; row-major */
  readonly inputShape: Shape;
  /** e.g. an authorization; their values are never shown or recorded */
  readonly headers?: Readonly<Record<string, string>>;
  /** rows a request; default 64 */
  readonly batch?: number;
  /** requests that are open at the same time; default 4 */
  readonly concurrency?: number;
  /** requests a second, those that are sent again included; default unlimited */
  readonly rate?: number;
  /** seconds to wait for an answer; default 30 */
  readonly timeout?: number;
  /** times that a request is sent again when the service is down, slow or busy; default 4 */
  readonly retries?: number;
  /** rows that may be asked for in all; default unlimited */
  readonly queryBudget?: number;
  /** of the spread of waiting times; default the stream of seed 0 */
  readonly rng?: Rng;
  readonly signal?: AbortSignal;
}

/** A service that does not answer, or not as it should. */
export class EndpointError extends KeyholeError {
  override name = 'EndpointError';
  /** whether asking again may help */
  readonly passing: boolean;
  /** seconds that the service asks to wait; null where it does not say */
  readonly after: number | null;
  constructor(message: string, passing: boolean, after: number | null = null) {
    super(message);
    this.passing = passing;
    this.after = after;
  }
}

const FIRST_WAIT = 0.5;
const LONGEST_WAIT = 30;
/** a service that asks for more is taken to be down */
const MOST_PATIENCE = 600;
/** 408 request timeout, 425 too early, 429 too many requests, and everything from 500 on */
const PASSING = new Set([408, 425, 429]);

/** Seconds before question number `attempt` is sent again, from 1: doubled each time, and spread so that not all come back at once. */
export function waitingTime(attempt: number, rng: Rng): number {
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1)) * (0.5 + rng.uniform() / 2);
}

/** The address without user, password and query, which may hold secrets. */
export function publicAddress(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** @throws ConfigError for an address or settings that cannot be used; nothing is sent yet */
export async function httpOracle(options: HttpOptions): Promise<Oracle> {
  const { inputShape, headers = {}, batch = 64, concurrency = 4, timeout = 30, retries = 4, signal } = options;
  const rate = options.rate ?? Number.POSITIVE_INFINITY;
  const address = checked(options);
  // a page that asks no service need not load them
  const [{ default: Queue }, { default: retry }] = await Promise.all([import('p-queue'), import('p-retry')]);
  const paced = Number.isFinite(rate) ? { interval: 1000 / rate, intervalCap: 1 } : {};
  const queue = new Queue({ concurrency, ...paced });
  const ledger = openLedger(options.queryBudget);
  const rng = (options.rng ?? Rng.from(0)).split('waiting times');
  let notBefore = 0;

  const send = async (body: string, rows: number): Promise<Answer> => {
    await wait(notBefore - performance.now(), signal);
    return ledger.time(async () => {
      const late = AbortSignal.timeout(1000 * timeout);
      try {
        const response = await fetch(address.href, {
          method: 'POST',
          headers: { accept: 'application/json', 'content-type': 'application/json', ...address.login, ...headers },
          body,
          signal: signal ? AbortSignal.any([signal, late]) : late,
        });
        ledger.count('bytesSent', body.length);
        const bytes = await response.arrayBuffer();
        ledger.count('bytesReceived', bytes.byteLength);
        const text = new TextDecoder().decode(bytes);
        if (!response.ok) {
          const refused = refusal(response, text);
          // who asks to be left alone is left alone by all requests
          if (refused.passing && (refused.after ?? 0) <= MOST_PATIENCE)
            notBefore = Math.max(notBefore, performance.now() + 1000 * (refused.after ?? 0));
          throw refused;
        }
        return readAnswer(text, rows);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof KeyholeError) throw error;
        if (late.aborted) throw new EndpointError(`${address.shown}: no answer within ${timeout} s`, true);
        throw new EndpointError(`${address.shown}: ${causeOf(error)}`, true);
      }
    });
  };

  return {
    kind: 'http',
    name: address.shown,
    inputShape,
    rowsAtOnce: batch,
    questionsAtOnce: concurrency,
    ledger,
    ask(x) {
      const rows = x.length / sizeOf(inputShape);
      const body = `{"inputs":${nested(x, inputShape)}}`;
      return retry(() => queue.add(() => send(body, rows)), {
        retries,
        minTimeout: 0,
        shouldRetry: ({ error }) => error instanceof EndpointError && error.passing,
        async onFailedAttempt({ error, attemptNumber, retriesLeft }) {
          if (!(error instanceof EndpointError && error.passing) || retriesLeft === 0) return;
          if ((error.after ?? 0) > MOST_PATIENCE)
            throw new EndpointError(`${error.message}, and asks to come back in ${error.after} s`, false);
          ledger.count('retries', 1);
          await wait(1000 * waitingTime(attemptNumber, rng), signal);
        },
        ...(signal && { signal }),
      });
    },
    dispose: async () => queue.clear(),
  };
}

function checked({ url, rate, batch, concurrency, timeout, retries }: HttpOptions) {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new ConfigError(`url: expected an address such as http://host:port/path, got '${url}'.`, 'url');
  }
  if (!/^https?:$/.test(parsed.protocol))
    throw new ConfigError(`url: expected one of http or https, got ${parsed.protocol.slice(0, -1)}.`, 'url');
  const above = (name: string, value: number | undefined, least: number, whole: boolean) => {
    if (value === undefined || (whole ? Number.isSafeInteger(value) && value >= least : value > 0)) return;
    const what = whole ? `a whole number of at least ${least}` : 'a number above 0';
    throw new ConfigError(`${name}: expected ${what}, got ${value}.`, name);
  };
  above('batch', batch, 1, true);
  above('concurrency', concurrency, 1, true);
  above('retries', retries, 0, true);
  above('rate', rate, 0, false);
  above('timeout', timeout, 0, false);
  // fetch refuses addresses with a login: it goes where it belongs
  const { username, password } = parsed;
  const login = username
    ? { authorization: `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}` }
    : {};
  parsed.username = parsed.password = '';
  return { href: parsed.href, shown: publicAddress(url), login };
}

function refusal(response: Response, text: string): EndpointError {
  const { status, url } = response;
  const passing = PASSING.has(status) || status >= 500;
  const said = text.trim().slice(0, 200);
  const remedy: Readonly<Record<number, string>> = {
    401: '. Give what it asks for, as a header',
    403: '. Give what it asks for, as a header',
    404: '. Is the path right?',
    413: '. Ask for fewer rows at a time (batch)',
  };
  const message = `${publicAddress(url)}: status ${status}${said ? ` (${said})` : ''}${remedy[status] ?? ''}`;
  return new EndpointError(message, passing, retryAfter(response.headers.get('retry-after')));
}

/** Seconds, or the time of day: RFC 9110, section 10.2.3. */
function retryAfter(header: string | null): number | null {
  if (header === null) return null;
  if (/^\s*\d+\s*$/.test(header)) return Number(header);
  const then = Date.parse(header);
  return Number.isNaN(then) ? null : Math.max(0, (then - Date.now()) / 1000);
}

const KINDS = ['probabilities', 'logits', 'labels'] as const;

/** @throws EndpointError, passing: a service that is starting up, or a proxy before it, may answer like that */
function readAnswer(text: string, rows: number): Answer {
  const fault = (what: string) =>
    new EndpointError(`expected JSON with ${KINDS.join(', ')} for ${rows} rows, got ${what}`, true);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw fault(JSON.stringify(text.slice(0, 80)));
  }
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const kind = KINDS.find((name) => Array.isArray(fields[name]));
  if (!kind) throw fault(`the fields ${Object.keys(fields).join(', ') || '(none)'}`);
  const list = fields[kind] as unknown[];
  if (list.length !== rows) throw fault(`${list.length} ${kind}`);
  if (kind === 'labels') return { kind, values: list.map(Number) };
  const width = Array.isArray(list[0]) ? list[0].length : 1;
  const values = list.flatMap((row) => (Array.isArray(row) ? row : [row]) as unknown[]);
  if (values.length !== rows * width || list.some((row) => (Array.isArray(row) ? row.length : 1) !== width))
    throw fault('rows of different length');
  // null is how JSON writes NaN
  return { kind, values: values.map((v) => (typeof v === 'number' ? v : Number.NaN)) };
}

/** JSON of rows, each nested as its shape says. */
function nested(x: Samples, shape: Shape): string {
  const level = (at: number, depth: number): string => {
    if (depth === shape.length) return JSON.stringify(x instanceof Float64Array ? x[at]! : shortest(x[at]!));
    const stride = sizeOf(shape.slice(depth + 1));
    return `[${Array.from({ length: shape[depth]! }, (_, i) => level(at + i * stride, depth + 1)).join(',')}]`;
  };
  const width = sizeOf(shape);
  return `[${Array.from({ length: x.length / width }, (_, row) => level(row * width, 0)).join(',')}]`;
}

/** The number that people would write for an f32: nine digits hold any, seven most. */
function shortest(v: number): number {
  const short = Number(v.toPrecision(7));
  return Math.fround(short) === v ? short : Number(v.toPrecision(9));
}

function causeOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  const text = cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
  return text === 'ECONNREFUSED' ? 'nobody answers there (ECONNREFUSED)' : text;
}

async function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  if (milliseconds <= 0) return;
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
