/** A teacher learns rows with their labels, a student rows with the teacher's answers: one run to whoever watches, one file of checkpoints. */
import { argmaxRows } from '../../attacks/index.ts';
import { Classifier, type Examples, type FitOptions, fit, Rng, type Tensor } from '../../engine/index.ts';
import type { OwnTraining, TrainingContext, Watch } from '../define-defense.ts';
import { staged } from '../stages.ts';

export interface Lesson {
  /** names the run in checkpoints */
  readonly name: string;
  /** rows that the student sees, without their labels */
  readonly rows: Examples;
  /** default: cross-entropy with the labels */
  readonly teacherLoss?: NonNullable<FitOptions['loss']>;
  /** of each row, from logits of student and teacher [n, classes] -> [n] */
  readonly studentLoss: (student: Tensor, teacher: Tensor) => Tensor;
  /** what the classifier is measured by: the labels of its rows, or the teacher's */
  readonly measuredBy: 'labels' | 'teacher';
}

/** Rows with their places in place of labels, by which a batch finds the teacher's answers. */
const numbered = (data: Examples): Examples => ({
  ...data,
  take: (indices, into) => ({ x: data.take(indices, into).x, y: Int32Array.from(indices) }),
});

/** Trains both; the context's classifier is the student. */
export async function teach(
  { engine, classifier, data, options, recipe, seed, watch }: TrainingContext & { readonly watch: Watch },
  { name, rows, teacherLoss, studentLoss, measuredBy }: Lesson,
): Promise<OwnTraining> {
  const { model, dtype, params } = classifier;
  const { classes } = model;
  const { epochs, batchSize = 64 } = recipe;
  const stepsOf = (of: Examples) => epochs * Math.ceil(of.size / batchSize);
  const [first, second] = [stepsOf(data), stepsOf(rows)];
  const signal = watch.signal ? { signal: watch.signal } : {};
  const stores = watch.checkpoint && staged(watch.checkpoint, 2);
  const stage = (i: 0 | 1) => ({
    ...recipe,
    seed,
    method: `${name} ${i === 0 ? 'teacher' : 'student'} ${JSON.stringify(options)}`,
    ...(stores && { checkpoint: stores[i]! }),
    ...signal,
    onProgress: (p: Parameters<NonNullable<typeof watch.onProgress>>[0]) =>
      watch.onProgress?.({
        ...p,
        epoch: p.epoch + i * epochs,
        epochs: 2 * epochs,
        step: p.step + i * first,
        steps: first + second,
      }),
  });
  const initial = Rng.from(seed).split('teacher').uint32();
  const teacher = Classifier.create(engine, model, { seed: initial, dtype });
  try {
    await teacher.fit(data, { ...stage(0), ...(teacherLoss && { loss: teacherLoss }) });
    const { x } = rows.take(Int32Array.from({ length: rows.size }, (_, i) => i));
    const answers = await teacher.logits(x, signal);
    await fit(engine, model, params, numbered(rows), {
      ...stage(1),
      batch({ x, y: places }) {
        const found = [...places.view()].map((place) => answers.subarray(place * classes, (place + 1) * classes));
        const taught = Float64Array.from(found.flatMap((row) => [...row]));
        return { x, y: engine.tensor(taught, [found.length, classes], { dtype }) };
      },
      loss: studentLoss,
    });
    const done = { epochs: 2 * epochs, steps: first + second };
    if (measuredBy === 'labels') return done;
    const labels = argmaxRows(answers, classes);
    const asTaught: Examples = {
      ...rows,
      take: (indices, into) => ({
        x: rows.take(indices, into).x,
        y: Int32Array.from(indices, (place) => labels[place]!),
      }),
    };
    return { ...done, learnt: await classifier.evaluate(asTaught, signal) };
  } finally {
    teacher.dispose();
  }
}
