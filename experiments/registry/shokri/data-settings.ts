/** A data set as settings name one. */
import * as v from 'valibot';
import type { DataRef } from '../../runner/index.ts';

export const dataEntries = {
  /** a set's name, or a .csv or .npz file */
  data: v.string(),
  /** where its files are, if they are nowhere that a set's files are looked for */
  path: v.exactOptional(v.string()),
  /** the label column of a CSV file, by its name or its place */
  label: v.exactOptional(v.union([v.string(), v.pipe(v.number(), v.integer(), v.transform(String))])),
};

/** The data set as jobs name it. */
export const dataOf = ({ data, path, label }: Pick<DataRef, 'data' | 'path' | 'label'>): DataRef => ({
  data,
  ...(path !== undefined && { path }),
  ...(label !== undefined && { label }),
});
