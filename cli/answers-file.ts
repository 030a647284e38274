/**
 * What a model said, kept as it comes: a line that says which model and rows it is about, then a line for each question. A run that
 * was stopped, or whose model was, goes on from there.
 */
import { type FileHandle, open, readFile, truncate } from 'node:fs/promises';
import type { AnswerStore, StoredAnswer } from '../attacks/index.ts';
import { ConfigError, FormatError } from '../engine/index.ts';
import { OutputError, systemFault } from './errors.ts';

/** Everything that decides what the answers mean. */
export type Question = Readonly<Record<string, string>>;

const SCHEMA = 'keyhole.answers/1';

export interface AnswersFile extends AnswerStore {
  /** rows that the file has answers for */
  readonly kept: number;
  close(): Promise<void>;
}

export interface AnswersOptions {
  readonly question: Question;
  /** starts over, whatever is there */
  readonly fresh?: boolean;
  /** refuses to begin anew */
  readonly resume?: boolean;
  readonly onResume?: (rows: number) => void;
}

/** @throws ConfigError for a file about another model or other rows, FormatError for one that is damaged */
export async function answersFile(path: string, options: AnswersOptions): Promise<AnswersFile> {
  const { question, fresh = false, resume = false } = options;
  const found = fresh ? null : await readIfThere(path);
  if (!found && resume)
    throw new ConfigError(
      `--resume: expected answers of an earlier run in ${path}, there are none. Leave it out to begin.`,
      'resume',
    );
  const before = found === null ? [] : opened(found.text, path, question);
  if (found !== null && found.whole < found.bytes) await truncate(path, found.whole);
  let kept = before.reduce((sum, { rows }) => sum + rows.length, 0);
  if (kept > 0) options.onResume?.(kept);
  const file = await refusable(path, () => open(path, found === null ? 'w' : 'a'));
  if (found === null) await write(file, path, { schema: SCHEMA, question });
  return {
    get kept() {
      return kept;
    },
    load: async () => before,
    async append(answer) {
      await write(file, path, answer);
      kept += answer.rows.length;
    },
    close: () => file.close(),
  };
}

async function write(file: FileHandle, path: string, value: object): Promise<void> {
  await refusable(path, () => file.appendFile(`${JSON.stringify(value)}\n`));
}

async function refusable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const fault = systemFault(error);
    throw fault === null ? error : new OutputError(`${path}: could not be written: ${fault}.`, { cause: error });
  }
}

/** Up to the last whole line: a run that was killed may have left part of one. */
async function readIfThere(path: string): Promise<{ text: string; whole: number; bytes: number } | null> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (bytes === null) return null;
  const whole = bytes.lastIndexOf(10) + 1;
  if (whole === 0) return null;
  return { text: bytes.subarray(0, whole).toString('utf8'), whole, bytes: bytes.length };
}

function opened(text: string, path: string, question: Question): StoredAnswer[] {
  const damaged = (line: number) =>
    new FormatError(`${path}, line ${line}: expected kept answers, got something else. Start over with --fresh.`, path);
  const values = text
    .trimEnd()
    .split('\n')
    .map((line, i): unknown => {
      try {
        return JSON.parse(line);
      } catch {
        throw damaged(i + 1);
      }
    });
  const [header, ...answers] = values as [{ schema?: string; question?: Question }, ...Partial<StoredAnswer>[]];
  if (header?.schema !== SCHEMA || !header.question) throw damaged(1);
  const there = header.question;
  const differing = Object.keys({ ...question, ...there }).filter((key) => question[key] !== there[key]);
  if (differing.length > 0) {
    const list = differing.map((key) => `${key} ${there[key] ?? 'none'} there, ${question[key] ?? 'none'} here`);
    throw new ConfigError(
      `${path}: expected answers to the same questions, got others: ${list.join('; ')}. ` +
        'Give the same options to go on with them, --fresh to start over, or another folder with --out.',
      'out',
    );
  }
  for (const [i, answer] of answers.entries())
    if (!Array.isArray(answer?.rows) || !Array.isArray(answer.values) || typeof answer.kind !== 'string')
      throw damaged(i + 2);
  return answers as StoredAnswer[];
}
