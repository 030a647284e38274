/** Models that `keyhole train` and `keyhole audit` left: a .safetensors file, or the folder of --out that has one. */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Classifier, ConfigError, type Engine, modelNames, readSafeTensors } from '../engine/index.ts';

/** As --out FOLDER has it. */
export const MODEL_FILE = 'model.safetensors';

export interface TrainedModel {
  readonly classifier: Classifier;
  /** of the file, beside what a classifier says of itself */
  readonly metadata: Readonly<Record<string, string>>;
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** @throws ConfigError when there is no such file, FormatError when it is no model of keyhole's */
export async function loadTrainedModel(engine: Engine, text: string): Promise<TrainedModel> {
  const found = await stat(text).catch(() => null);
  if (!found) {
    const isName = (modelNames as readonly string[]).includes(text);
    throw new ConfigError(
      `--model ${text}: expected the file of a trained model, or a folder with ${MODEL_FILE}, ` +
        (isName
          ? `got the name of a model without weights. Train it first: keyhole train --model ${text} --out FOLDER.`
          : 'there is none. `keyhole train --out FOLDER` and `keyhole audit --out FOLDER` leave one.'),
      'model',
    );
  }
  const path = found.isDirectory() ? join(text, MODEL_FILE) : text;
  const bytes = await readFile(path);
  const file = basename(path);
  const classifier = Classifier.load(engine, bytes, { file });
  return { classifier, metadata: readSafeTensors(bytes, file).metadata, path, bytes };
}
