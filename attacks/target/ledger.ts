/** What was asked of a model, and what it took: the record of an audit has it. */
import { ConfigError } from '../../engine/index.ts';

export interface QueryLedger {
  /** rows that were answered, those from memory not counted */
  readonly queries: number;
  /** rows whose answers were kept from an earlier run */
  readonly remembered: number;
  /** questions sent, those that were sent again included */
  readonly requests: number;
  /** questions sent again */
  readonly retries: number;
  /** questions given up */
  readonly failures: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** during which at least one question was open */
  readonly seconds: number;
}

type Counter = Exclude<keyof QueryLedger, 'seconds'>;

export interface Ledger {
  readonly budget: number;
  /** rows that may still be asked for */
  left(): number;
  /** Takes rows from the budget. @throws ConfigError when it has fewer left */
  take(rows: number): void;
  /** Gives back rows that got no answer. */
  giveBack(rows: number): void;
  count(what: Exclude<Counter, 'queries'>, by: number): void;
  /** Counts a question as open while `work` runs, and as sent. */
  time<T>(work: () => Promise<T>): Promise<T>;
  read(): QueryLedger;
}

/** @param budget rows that may be asked for in all @throws ConfigError for a budget that is none */
export function openLedger(budget: number = Number.POSITIVE_INFINITY): Ledger {
  if (!(budget === Number.POSITIVE_INFINITY || (Number.isSafeInteger(budget) && budget >= 1)))
    throw new ConfigError(`queryBudget: expected a whole number >= 1, got ${budget}.`, 'queryBudget');
  const counts = { queries: 0, remembered: 0, requests: 0, retries: 0, failures: 0, bytesSent: 0, bytesReceived: 0 };
  let [open, since, seconds] = [0, 0, 0];
  return {
    budget,
    left: () => budget - counts.queries,
    take(rows) {
      if (counts.queries + rows > budget)
        throw new ConfigError(
          `target: expected at most ${budget} queries, got ${counts.queries} + ${rows}. Raise the budget or attack fewer rows.`,
          'queryBudget',
        );
      counts.queries += rows;
    },
    giveBack(rows) {
      counts.queries -= rows;
    },
    count(what, by) {
      counts[what] += by;
    },
    async time(work) {
      if (open++ === 0) since = performance.now();
      counts.requests++;
      try {
        return await work();
      } finally {
        if (--open === 0) seconds += (performance.now() - since) / 1000;
      }
    },
    read: () => ({ ...counts, seconds }),
  };
}
