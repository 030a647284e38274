/** Kept answers of a model: what a later run takes from them, and what it refuses. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AnswersOptions, answersFile } from '../../cli/answers-file.ts';
import { ConfigError, FormatError } from '../../engine/index.ts';
import { assert, suite } from '../harness.ts';
import { rejectsError } from '../support/throws.ts';
import { inFolder } from './support.ts';

const test = suite('kept answers');
const question = { model: 'm', rows: 'abc' };
const answer = (row: number) => ({ rows: [row], kind: 'probabilities' as const, values: [0.25, 0.75] });

async function keep(path: string, rows: readonly number[], options: Partial<AnswersOptions> = {}) {
  const file = await answersFile(path, { question, ...options });
  const before = await file.load();
  for (const row of rows) await file.append(answer(row));
  await file.close();
  return { before, kept: file.kept };
}

test('go on from run to run; --fresh starts over; half a line is no answer', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'answers.jsonl');
    assert.equal(await keep(path, [0, 1]), { before: [], kept: 2 });
    const whole = readFileSync(path);
    writeFileSync(path, Buffer.concat([whole, Buffer.from('{"rows":[2],"kind"')]));
    assert.equal(await keep(path, [2]), { before: [answer(0), answer(1)], kept: 3 });
    assert.equal((await keep(path, [], { resume: true })).before, [answer(0), answer(1), answer(2)]);
    assert.equal((await keep(path, [7], { fresh: true })).kept, 1);
    assert.equal((await keep(path, [])).before, [answer(7)]);
  }));

test('of other questions, damaged, or not there where they must be: refused', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'answers.jsonl');
    await rejectsError(
      () => keep(path, [], { resume: true }),
      ConfigError,
      /--resume: expected answers of an earlier run/,
    );
    await keep(path, [0]);
    await rejectsError(
      () => keep(path, [], { question: { ...question, model: 'n' } }),
      ConfigError,
      /got others: model m there, n here\. Give the same options/,
    );
    for (const [text, line] of [
      ['oops\n', 1],
      ['{"schema":"x/1"}\n', 1],
      [`${readFileSync(path, 'utf8')}{"rows":3}\n`, 3],
    ] as const) {
      writeFileSync(path, text);
      await rejectsError(() => keep(path, []), FormatError, new RegExp(`line ${line}: expected kept answers`));
    }
  }));
