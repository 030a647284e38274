import { argmaxRows } from '../../attacks/index.ts';
import { Classifier, type Examples, fit, ops, Rng, type Tensor } from '../../engine/index.ts';
import { defineDefense, held } from '../define-defense.ts';
import { staged } from '../stages.ts';

/**
 * T^2 times the cross-entropy of softmax(z / T) against softmax(t / T): the gradient of their divergence, kept at one size for
 * all T (Hinton et al. 2015, section 2). logits of student and teacher [n, classes] -> [n]
 */
export function distilled(student: Tensor, teacher: Tensor, temperature: number): Tensor {
  const soft = ops.softmax(ops.scale(teacher, 1 / temperature));
  return ops.scale(ops.crossEntropy(ops.scale(student, 1 / temperature), soft), temperature * temperature);
}

/** Rows with their places in place of labels, by which a batch finds the teacher's answers. */
const numbered = (data: Examples): Examples => ({
  ...data,
  take: (indices, into) => ({ x: data.take(indices, into).x, y: Int32Array.from(indices) }),
});

/**
 * A teacher learns the training rows; the model that is published sees only other rows, with the teacher's softened answers and
 * never their labels.
 */
export const distillation = defineDefense({
  name: 'distillation',
  title: 'Knowledge distillation on other rows',
  paper:
    'Shejwalkar and Houmansadr 2021, Membership privacy for machine learning models through knowledge transfer (AAAI), section 4; loss of Hinton, Vinyals and Dean 2015',
  stage: 'training',
  options: {
    temperature: { about: "of teacher's and student's answers", default: 4, min: 0.01, max: 100 },
    held: { ...held, default: 0.5 },
  },
  off: null,
  needsReserve: true,
  canary: { lowers: 'loss', options: {} },
  async train({ engine, classifier, data, reserve, options, recipe, seed, watch }) {
    const { model, dtype, params } = classifier;
    const { epochs, batchSize = 64 } = recipe;
    const stepsOf = (rows: Examples) => epochs * Math.ceil(rows.size / batchSize);
    const [first, second] = [stepsOf(data), stepsOf(reserve)];
    const signal = watch.signal ? { signal: watch.signal } : {};
    const stores = watch.checkpoint && staged(watch.checkpoint, 2);
    const stage = (i: 0 | 1) => ({
      ...recipe,
      seed,
      method: `distillation ${i === 0 ? 'teacher' : 'student'} ${JSON.stringify(options)}`,
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
      await teacher.fit(data, stage(0));
      const { x } = reserve.take(Int32Array.from({ length: reserve.size }, (_, i) => i));
      const answers = await teacher.logits(x, signal);
      const { classes } = model;
      await fit(engine, model, params, numbered(reserve), {
        ...stage(1),
        batch({ x, y: places }) {
          const rows = [...places.view()].map((place) => answers.subarray(place * classes, (place + 1) * classes));
          const taught = Float64Array.from(rows.flatMap((row) => [...row]));
          return { x, y: engine.tensor(taught, [rows.length, classes], { dtype }) };
        },
        loss: (z, taught) => distilled(z, taught, options.temperature),
      });
      const labels = argmaxRows(answers, classes);
      const asTaught: Examples = {
        ...reserve,
        take: (indices, into) => ({
          x: reserve.take(indices, into).x,
          y: Int32Array.from(indices, (place) => labels[place]!),
        }),
      };
      const learnt = await classifier.evaluate(asTaught, signal);
      return { epochs: 2 * epochs, steps: first + second, learnt };
    } finally {
      teacher.dispose();
    }
  },
});
