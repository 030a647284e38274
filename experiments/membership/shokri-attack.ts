/** Judges a target's kept answers by attack models fitted before: precision and recall, class by class. File: scores.npz. */
import * as v from 'valibot';
import { type AttackModelData, attackModels, clopperPearson, type PerClass, perClass } from '../../attacks/index.ts';
import { writeNpz } from '../../data/index.ts';
import { ConfigError, Rng } from '../../engine/index.ts';
import { defineKind, type Needed, shareSchema } from '../runner/index.ts';
import { ATTACK_MODEL_FILE, attackKinds, checkClasses } from './attack-models.ts';
import { apartOnly, checkDesign, designSchema } from './design.ts';
import { furtherSchema } from './further.ts';
import { furtherLabels, joined, labelsAsked, probabilitiesOf } from './outputs.ts';
import { verdictEntries, verdictOf } from './verdict.ts';

const SCORES_FILE = 'scores.npz';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const shokriAttack = defineKind({
  name: 'shokri-attack',
  about: 'judges the kept answers of the first job that it needs by the attack models of the others',
  version: 1,
  settings: v.strictObject({
    attack: v.picklist(attackKinds),
    classes: count,
    design: designSchema,
    seed: count,
    /** non-members that the target was asked about beside its own; absent: none */
    further: v.exactOptional(furtherSchema),
  }),
  result: v.strictObject({
    ...verdictEntries,
    perClass: v.array(
      v.strictObject({ label: count, members: count, nonMembers: count, precision: shareSchema, recall: shareSchema }),
    ),
    /** classes that the attack model of all classes judged */
    pooled: v.array(count),
  }),
  cost: ({ design }) => 2 * apartOnly(design).train * 2e-4,
  check({ design, classes }, [data]) {
    checkDesign(apartOnly(design), data);
    checkClasses(classes, data!);
  },
  async run({ settings, needs, dataset, write }) {
    const { attack, classes, design, further } = settings;
    const [target, ...fitted] = needs;
    if (!target || fitted.length !== classes + 1) {
      throw new ConfigError(
        `shokri-attack: expected the outputs of a target and ${classes + 1} attack models, got ${needs.length} jobs.`,
        'needs',
      );
    }
    const data = await dataset();
    const own = labelsAsked(data, design, 'target');
    const y = joined(own, furtherLabels(data, design, further));
    const models: (AttackModelData | null)[] = [];
    for (const needed of fitted) models.push(await read(needed));
    const pooled = models.pop()!;
    const judge = attackModels({ kind: attack, models, pooled });
    const scores = await judge.scores({ classes, probabilities: await probabilitiesOf(target), y });
    const members = own.length / 2;
    const isMember = new Uint8Array(own.length).fill(1, 0, members);
    const verdict = verdictOf(scores, members, 0, Rng.from(settings.seed).split('shokri attack'));
    const byClass = perClass({ scores: scores.subarray(0, own.length), labels: own, isMember, threshold: 0 });
    await write(SCORES_FILE, writeNpz({ scores: { shape: [scores.length], data: scores } }));
    return { ...verdict, perClass: sharesOf(byClass, classes), pooled: [...judge.pooledClasses] };
  },
});

async function read(needed: Needed): Promise<AttackModelData | null> {
  return JSON.parse(new TextDecoder().decode(await needed.file(ATTACK_MODEL_FILE))) as AttackModelData | null;
}

/** Precision and recall of every class of the data, also of those that the target was not asked about. */
function sharesOf({ classes: found }: PerClass, classes: number) {
  const none = clopperPearson({ hits: 0, n: 0 });
  return Array.from({ length: classes }, (_, label) => {
    const own = found.find((one) => one.class === label);
    const { members = 0, nonMembers = 0, precision = none, recall = none } = own ?? {};
    return { label, members, nonMembers, precision, recall };
  });
}
