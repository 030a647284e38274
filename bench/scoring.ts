/**
 * Scoring kept answers: milliseconds from the logits of a target and its reference models to an attack's scores, of 10,000
 * members and as many non-members, each asked about twice, by sixteen models trained on halves of them.
 */
import { allMembershipAttacks, lookupTarget, lookupViews, parseOptions } from '../attacks/index.ts';
import { type Build, createEngine, Rng, type Rows } from '../engine/index.ts';
import type { Job, JobOptions } from './job.ts';
import { keyhole, millisecondsRow, type Row } from './row.ts';
import { timesOf } from './timing.ts';

const [ROWS, CLASSES, MODELS, VIEWS, POPULATION] = [20_000, 10, 16, 2, 10_000];
const attacks = ['lira-online', 'lira-offline', 'rmia-online', 'rmia-offline', 'loss'] as const;

/** Records, and models that are surer of those they were trained on. */
function problem() {
  const rng = Rng.from(1);
  const all = ROWS + POPULATION;
  const y = Int32Array.from({ length: all }, () => rng.below(CLASSES));
  const model = (coins: Uint8Array) => {
    const logits = Array.from({ length: VIEWS }, () =>
      Float64Array.from({ length: all * CLASSES }, () => rng.normal()),
    );
    for (const view of logits) for (let i = 0; i < all; i++) view[i * CLASSES + y[i]!]! += 2 + 2 * (coins[i] ?? 0);
    return lookupTarget({ classes: CLASSES, logits });
  };
  const coins = () => Uint8Array.from({ length: ROWS }, () => rng.below(2));
  const rowsFrom = (from: number, to: number): Rows => ({
    x: Float64Array.from({ length: to - from }, (_, i) => from + i),
    y: y.slice(from, to),
  });
  const candidates = rowsFrom(0, ROWS);
  const shadows = Array.from({ length: MODELS }, () => {
    const trainedOn = coins();
    return { target: model(trainedOn), members: candidates, nonMembers: candidates, trainedOn };
  });
  const known = { shadows, population: rowsFrom(ROWS, all), views: lookupViews(VIEWS, all) };
  return { target: model(coins()), candidates, known };
}

function scoreJob(name: string): Job {
  const attack = allMembershipAttacks.find((one) => one.name === name)!;
  const row = `score/${name}/${ROWS}x${MODELS}v${VIEWS}`;
  return {
    name: row,
    work: { amount: 1, unit: 'ms' },
    milliseconds: 500,
    async run(build: Build, timing: JobOptions): Promise<readonly Row[]> {
      if (build !== 'base') return [];
      const given = problem();
      const options = parseOptions(name, attack.options, {});
      const run = async () => {
        await attack.run({
          ...given,
          target: given.target as never,
          known: given.known as never,
          options,
          engine: createEngine,
          rng: Rng.from(2),
          signal: undefined,
        });
      };
      return [millisecondsRow(row, keyhole(build), await timesOf(run, timing))];
    },
  };
}

export const scoringJobs = (): Job[] => attacks.map(scoreJob);
