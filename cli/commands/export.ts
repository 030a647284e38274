/** keyhole export: a trained model as a file that other programs read. */
import type { Command } from 'commander';
import { onnxOracle } from '../../attacks/index.ts';
import { type Bytes, sha256 } from '../../data/index.ts';
import { type Classifier, ConfigError, KeyholeError, Rng, sizeOf } from '../../engine/index.ts';
import { VERSION } from '../../experiments/version.ts';
import { commandLine } from '../command-line.ts';
import { type CommonOptions, outputOptions, withCommonOptions } from '../common-options.ts';
import { engineFor } from '../engine.ts';
import { bytesText, columns, countText, type Output, outputTo } from '../output.ts';
import { writeWhole } from '../output-folder.ts';
import type { ExportResult } from '../schemas.ts';
import type { Terminal } from '../terminal.ts';
import { loadTrainedModel } from '../trained-model.ts';

interface Options extends CommonOptions {
  readonly model: string;
  readonly onnx?: string;
  readonly safetensors?: string;
}

export function exportCommand(command: Command, terminal: Terminal): Command {
  command
    .requiredOption(
      '--model <file>',
      'a trained model: model.safetensors, or the folder that train or audit left it in',
    )
    .option('--onnx <file>', 'write it as ONNX (opset 17): rows as here, images [n, h, w, channels], to logits')
    .option('--safetensors <file>', 'write its weights by name, with their layout in the metadata');
  return withCommonOptions(command).action((options: Options) => run(terminal, options, commandLine(command)));
}

async function run(terminal: Terminal, options: Options, invocation: string): Promise<void> {
  const output = outputTo(terminal, outputOptions(options));
  if (options.onnx === undefined && options.safetensors === undefined) {
    throw new ConfigError('export: expected --onnx FILE or --safetensors FILE, got neither. Name a file.', 'onnx');
  }
  const engine = await engineFor({});
  try {
    const { classifier, metadata, path } = await loadTrainedModel(engine, options.model);
    const files: ExportResult['files'][number][] = [];
    const write = async (format: 'onnx' | 'safetensors', file: string, bytes: Uint8Array) => {
      await writeWhole(file, bytes);
      files.push({ format, path: file, bytes: bytes.length, sha256: await sha256(bytes as Bytes) });
    };
    let check: ExportResult['check'] = null;
    if (options.onnx !== undefined) {
      // protobuf is a large import that no other command should wait for
      const { exportOnnx } = await import('../../experiments/export/index.ts');
      const bytes = exportOnnx(classifier, { metadata });
      check = await checked(classifier, bytes, output);
      await write('onnx', options.onnx, bytes);
    }
    if (options.safetensors !== undefined) await write('safetensors', options.safetensors, classifier.save(metadata));
    const { model, parameters, dtype } = classifier;
    const result: ExportResult = {
      schema: 'keyhole.export/1',
      model: { name: model.name, parameters, inputShape: [...model.inputShape], classes: model.classes, dtype },
      source: path,
      files,
      check,
      command: invocation,
      date: new Date().toISOString(),
      version: VERSION,
    };
    classifier.dispose();
    output.printJson(result);
    output.print(resultText(result, output.width));
  } finally {
    engine.dispose();
  }
}

const CHECKED_ROWS = 16;
/** Other kernels add in another order; more than this is another model. */
const WORST = 1e-5;

/**
 * The greatest difference between the file's logits and the model's, relative to those above 1; null without onnxruntime-web.
 * @throws KeyholeError when they are not the same model
 */
async function checked(classifier: Classifier, model: Uint8Array, output: Output): Promise<ExportResult['check']> {
  const { inputShape } = classifier.model;
  const rng = Rng.from(0).split('export check');
  // images lie between 0 and 1, columns of tables around 0
  const draw = inputShape.length === 1 ? () => rng.normal() : () => rng.uniform();
  const x = Float32Array.from({ length: CHECKED_ROWS * sizeOf(inputShape) }, draw);
  try {
    const oracle = await onnxOracle({ model, inputShape });
    try {
      const { values } = await oracle.ask(x);
      const want = await classifier.logits(x);
      const differences = want.map((z, i) => Math.abs(z - values[i]!) / Math.max(1, Math.abs(z)));
      const largest = Math.max(...differences);
      if (values.length === want.length && largest <= WORST) return { rows: CHECKED_ROWS, largest };
      throw new KeyholeError(
        `export: expected the ONNX file to give the model's logits, got a difference of ${largest}. Please report this model.`,
      );
    } finally {
      await oracle.dispose();
    }
  } catch (error) {
    if (!(error instanceof ConfigError && error.path === 'runtime')) throw error;
    output.note('The ONNX file was not run: that takes onnxruntime-web (npm install onnxruntime-web).');
    return null;
  }
}

function resultText({ model, files, check, source }: ExportResult, width: number): string {
  const rows = files.map(({ format, path, bytes }) => [format, path, bytesText(bytes)]);
  const same = check
    ? `\n\nonnxruntime gives the same logits for ${check.rows} rows, to ${check.largest.toExponential(1)}.`
    : '';
  return `${model.name} of ${source}: ${countText(model.parameters)} parameters, rows [${model.inputShape.join(', ')}], ${model.classes} classes\n\n${columns(rows, width)}${same}`;
}
