/** Trains the model of a recipe under a privacy budget, and measures it. Files: model.safetensors, moments.json. */
import * as v from 'valibot';
import { clopperPearson } from '../../attacks/index.ts';
import { type CheckpointStore, Classifier, fit, namedModel, Rng, tensorsOf } from '../../engine/index.ts';
import { adam, sgd } from '../../engine/optim/index.ts';
import { fitPrivate, Ledger, type Moments } from '../../privacy/index.ts';
import { count, positive, seedField } from '../fields.ts';
import { type DataFacts, defineKind, MODEL_FILE, shareSchema } from '../runner/index.ts';
import { momentsFor, rowsOf, scaled, select } from './prepare.ts';
import { type PrivateRecipe, privateRecipeSchema } from './recipe.ts';
import { checkSides, sidesOf, sidesSchema } from './sides.ts';

const bound = v.nullable(v.number());

export const MOMENTS_FILE = 'moments.json';

export const privateModelSettings = v.strictObject({
  recipe: privateRecipeSchema,
  sides: sidesSchema,
  /** null: without privacy, by Adam and without clipping, for as many epochs */
  epsilon: v.nullable(positive),
  delta: v.pipe(v.number(), v.gtValue(0), v.ltValue(1, 'expected a number between 0 and 1')),
  /** names the initial weights; noise and samples of private training come from the platform's secure source */
  seed: seedField,
});
type Settings = v.InferOutput<typeof privateModelSettings>;

/** without privacy */
const [PLAIN_BATCH, PLAIN_RATE] = [128, 1e-3];

/** seconds on one core: of an input value of a row in a step, of a row's features */
const [VALUE, FEATURES] = [7e-9, 2.5e-3];

export const privateModel = defineKind({
  name: 'private-model',
  about: 'trains a model by a recipe under a privacy budget and measures it on rows outside the protected ones',
  version: 1,
  settings: privateModelSettings,
  result: v.strictObject({
    parameters: count,
    steps: count,
    members: count,
    /** on rows outside the protected ones */
    accuracy: shareSchema,
    /** mean on the protected rows: what a membership attacker is assumed to know. No budget covers it */
    memberLoss: v.number(),
    /** null: without privacy */
    privacy: v.nullable(
      v.strictObject({
        upper: bound,
        lower: bound,
        accountant: v.string(),
        delta: v.number(),
        noise: v.number(),
        rate: v.number(),
        /** the ledger, `keyhole.ledger/1` */
        ledger: v.unknown(),
      }),
    ),
  }),
  cost: ({ recipe, sides }, [data]) => costOf(recipe, sides.pool ?? data!.size, data!),
  check({ recipe, sides }, [data]) {
    checkSides(sides, data);
    if (!recipe.scattering) namedModel(recipe.model, data!.inputShape, data!.classes);
  },
  async run({ settings, signal, engine: makeEngine, dataset, shards, write, checkpoint, progress }) {
    const { recipe, seed } = settings;
    const all = await dataset();
    const sides = sidesOf(all, settings.sides);
    const rows = await rowsOf(all, recipe, { shards: shards(), signal, onProgress: (done) => progress(done / 2) });
    const ledger = new Ledger();
    const moments = await keptMoments(checkpoint('moments'), ledger, () =>
      momentsFor(recipe, select(rows, sides.members), { records: sides.records, ledger }),
    );
    const model = namedModel(recipe.model, rows.inputShape, rows.classes);
    const rng = Rng.from(seed).split('private model');
    const classifier = Classifier.create(await makeEngine(), model, { seed: rng.split('initial').uint32() });
    if (recipe.start === 'zeros') for (const t of tensorsOf(classifier.params)) t.set(new Float32Array(t.size));
    const train = scaled(select(rows, sides.members), moments);
    const started = recipe.scattering ? 0.5 : 0;
    const trained = await trainBy(settings, {
      classifier,
      train,
      records: sides.records,
      ledger,
      rng,
      signal,
      checkpoint: checkpoint(),
      progress: (done) => progress(started + done * (1 - started)),
    });
    const { accuracy, n } = await classifier.evaluate(scaled(select(rows, sides.test), moments), { signal });
    const { loss } = await classifier.evaluate(train, { signal });
    await write(MODEL_FILE, classifier.save());
    if (moments) await write(MOMENTS_FILE, momentsText(moments));
    return {
      parameters: classifier.parameters,
      steps: trained.steps,
      members: sides.members.length,
      accuracy: clopperPearson({ hits: Math.round(accuracy * n), n }),
      memberLoss: loss,
      privacy: trained.privacy,
    };
  },
});

interface Training {
  readonly classifier: Classifier;
  readonly train: ReturnType<typeof select>;
  readonly records: number;
  readonly ledger: Ledger;
  readonly rng: Rng;
  readonly signal: AbortSignal;
  readonly checkpoint: CheckpointStore;
  readonly progress: (fraction: number) => void;
}

async function trainBy({ recipe, epsilon, delta }: Settings, t: Training) {
  const { engine, model, params } = t.classifier;
  const { epochs, batchSize, learningRate, momentum, clip } = recipe;
  const watched = {
    signal: t.signal,
    checkpoint: t.checkpoint,
    onProgress: ({ step, steps }: { readonly step: number; readonly steps: number }) => t.progress(step / steps),
  };
  if (epsilon === null) {
    const { steps } = await fit(engine, model, params, t.train, {
      ...watched,
      epochs,
      batchSize: PLAIN_BATCH,
      optimizer: adam({ learningRate: PLAIN_RATE }),
      seed: t.rng.split('training').uint32(),
    });
    return { steps, privacy: null };
  }
  const fitted = await fitPrivate(engine, model, params, t.train, {
    ...watched,
    epochs,
    batchSize,
    records: t.records,
    clip: { kind: 'flat', norm: clip },
    epsilon,
    delta,
    optimizer: sgd({ learningRate, momentum }),
    ledger: t.ledger,
  });
  const { upper, lower } = fitted.epsilon;
  const { accountant, noise, rate } = fitted;
  const ledger = JSON.parse(JSON.stringify(fitted.ledger)) as unknown;
  return { steps: fitted.steps, privacy: { upper, lower, accountant, delta, noise, rate, ledger } };
}

/**
 * Released once for a job: a resumed one goes on with the moments that its checkpoint was trained under, since another
 * release would have to be charged as well.
 */
async function keptMoments(
  store: CheckpointStore,
  ledger: Ledger,
  release: () => Moments | null,
): Promise<Moments | null> {
  const saved = await store.load();
  if (saved) {
    const kept = JSON.parse(new TextDecoder().decode(saved)) as { moments: string; ledger: unknown };
    ledger.restore(Ledger.from(kept.ledger));
    return momentsIn(kept.moments);
  }
  const moments = release();
  if (moments) await store.save(new TextEncoder().encode(JSON.stringify({ moments: momentsText(moments), ledger })));
  return moments;
}

const momentsText = ({ mean, std }: Moments) => JSON.stringify({ mean: [...mean], std: [...std] });

/** What `moments.json` holds. */
export function momentsIn(text: string): Moments {
  const { mean, std } = JSON.parse(text) as Record<'mean' | 'std', number[]>;
  return { mean: Float64Array.from(mean), std: Float64Array.from(std) };
}

function costOf({ epochs, scattering }: PrivateRecipe, rows: number, { inputShape, size }: DataFacts): number {
  const pixels = inputShape.reduce((a, b) => a * b, 1);
  if (!scattering) return epochs * rows * pixels * 20 * VALUE;
  // 81 values for 16 pixels; the features are shared, and computed by whoever comes first
  return epochs * rows * (pixels / 16) * 81 * VALUE + (size * FEATURES) / 3;
}
