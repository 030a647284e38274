import { KeyholeError } from '../../engine/index.ts';

/** The threshold that separates a shadow model's members from its non-members best. @throws KeyholeError for scores that are NaN */
export function bestThreshold(members: Float64Array, nonMembers: Float64Array): number {
  if (members.some(Number.isNaN) || nonMembers.some(Number.isNaN)) {
    throw new KeyholeError('threshold: expected a score for each record, got NaN. Does the shadow model output NaN?');
  }
  const inside = members.slice().sort();
  const outside = nonMembers.slice().sort();
  // walks the distinct scores from high to low, counting what lies at or above each
  let i = inside.length;
  let j = outside.length;
  let best = -Infinity;
  let threshold = Number.POSITIVE_INFINITY;
  while (i > 0 || j > 0) {
    const score = Math.max(inside[i - 1] ?? -Infinity, outside[j - 1] ?? -Infinity);
    while (i > 0 && inside[i - 1] === score) i--;
    while (j > 0 && outside[j - 1] === score) j--;
    const advantage = (inside.length - i) / inside.length - (outside.length - j) / outside.length;
    if (advantage > best) {
      best = advantage;
      threshold = score;
    }
  }
  return threshold;
}
