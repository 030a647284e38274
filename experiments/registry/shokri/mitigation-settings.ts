/** What can be set in the mitigation stage, and what the profiles compare. */
import * as v from 'valibot';
import { count, listOf } from '../../fields.ts';
import { attackKinds, defenceSchema, signalNames } from '../../membership/index.ts';

const defenceInTable = v.strictObject({
  name: defenceSchema.entries.name,
  options: v.optional(defenceSchema.entries.options, {}),
  /** in the table; default: the name with its options */
  label: v.exactOptional(v.string()),
});

/** A moment of the digits each. */
const FEW: v.InferInput<typeof defenceInTable>[] = [
  { name: 'l2', options: { weight: 1e-2 } },
  { name: 'dropout', options: { rate: 0.5 } },
  { name: 'early-stopping' },
  { name: 'top-k', options: { k: 1 } },
  { name: 'temperature', options: { temperature: 20 } },
  { name: 'label-only' },
];

export const mitigationSchema = v.strictObject({
  /** members of each model, as many non-members; null: the least of the experiment's sizes, whose undefended models it shares */
  size: v.optional(v.nullable(count), null),
  /** of the target in all, for low false-positive rates: 10,000 resolve 0.1 %; null, or fewer than members: as many as those */
  nonMembers: v.optional(v.nullable(count), null),
  /** of either attacker; two at least, as attack models are validated across them */
  shadows: v.optional(v.pipe(count, v.minValue(2, 'expected at least 2 shadow models')), 2),
  /** kinds of attack models; the first is in the figure */
  attacks: v.optional(listOf(v.picklist(attackKinds)), ['logistic']),
  /** attacks by one number a record, beside them */
  signals: v.optional(v.array(v.picklist(signalNames)), ['modified-entropy']),
  /** epochs of undefended models to compare with */
  shorter: v.optional(v.array(count), []),
  defences: v.optional(v.array(defenceInTable), FEW),
});
type Given = v.InferOutput<typeof mitigationSchema>;
export type Mitigation = Given & { readonly size: number };

/** What the quick profile compares. */
export const quickMitigation: v.InferInput<typeof mitigationSchema> = { shorter: [5] };

/** Everything. */
export const paperMitigation: v.InferInput<typeof mitigationSchema> = {
  nonMembers: 10000,
  shadows: 2,
  attacks: ['svm', 'boosted'],
  signals: ['modified-entropy'],
  shorter: [3, 6, 12],
  defences: [
    { name: 'l2', options: { weight: 1e-4 } },
    { name: 'l2', options: { weight: 1e-3 } },
    { name: 'l2', options: { weight: 1e-2 } },
    { name: 'dropout', options: { rate: 0.5 } },
    { name: 'dropout', options: { rate: 0.75 } },
    { name: 'early-stopping', options: { patience: 3 } },
    { name: 'label-smoothing', options: { smoothing: 0.1 } },
    { name: 'augmentation', options: { flip: 0.5, shift: 2 } },
    { name: 'mixup', options: { alpha: 1 } },
    { name: 'relaxloss', options: { alpha: 1 } },
    { name: 'adversarial-regularisation', options: { lambda: 3 } },
    { name: 'distillation', options: { temperature: 4 } },
    { name: 'dp-sgd', options: { epsilon: 8 } },
    { name: 'dp-sgd', options: { epsilon: 100 } },
    { name: 'top-k', options: { k: 3 } },
    { name: 'top-k', options: { k: 1 } },
    { name: 'rounding', options: { decimals: 1 } },
    { name: 'temperature', options: { temperature: 5 } },
    { name: 'temperature', options: { temperature: 20 } },
    { name: 'label-only', options: {} },
    { name: 'memguard', options: {} },
    { name: 'gaussian-noise', options: { std: 0.1 } },
  ],
};
