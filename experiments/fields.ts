/** Fields that settings of many experiments and kinds have, with the words for values that do not fit. */
import * as v from 'valibot';

export const whole = (least: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least, `expected a whole number of at least ${least}`));

export const count = whole(1);
export const seedField = whole(0);
export const positive = v.pipe(v.number(), v.gtValue(0, 'expected a number above 0'));
export const notNegative = v.pipe(v.number(), v.minValue(0, 'expected a number of at least 0'));

export const listOf = <Item extends v.GenericSchema>(item: Item) =>
  v.pipe(v.array(item), v.minLength(1, 'expected a list of at least one'));
