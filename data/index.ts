/** Data sets: formats, sets by name, splits, samplers, augmentation. Plain typed arrays; runs in Node and in browsers. */
export {
  type Augmentation,
  augment,
  flip,
  type ImageShape,
  type Rotation,
  rotate,
  type Shift,
  shift,
} from './augment.ts';
export { checkSet, type Moments, type SetCheck } from './check.ts';
export {
  type Dataset,
  type DatasetParts,
  makeDataset,
  type Rows,
  rowLength,
  take,
  withTransform,
} from './dataset.ts';
export { type Bytes, sha256 } from './digest.ts';
export { examples } from './examples.ts';
export * from './formats/index.ts';
export {
  makeRecords,
  type RecordFile,
  type RecordOptions,
  type Records,
  readRecords,
  recordsDigest,
} from './records.ts';
export {
  type PoissonOptions,
  poissonBatches,
  type ShuffledOptions,
  shuffledBatches,
} from './sample.ts';
export {
  IMAGENET,
  PATHS,
  type Scattering,
  type ScatteringOptions,
  scattering,
  scatteringFeatures,
} from './scattering/index.ts';
export {
  type BinaryColumn,
  type CategoricalColumn,
  type Column,
  columnBounds,
  columnNamed,
  featureCount,
  featureNames,
  type ImageSchema,
  type NumericColumn,
  numericColumns,
  type Schema,
  type TableSchema,
} from './schema.ts';
export {
  defineSet,
  type LoadContext,
  type LoadOptions,
  loadSet,
  noOptions,
  SETS,
  type SetDef,
  setNamed,
} from './sets/index.ts';
export {
  type FeatureRows,
  featureKey,
  memoryShards,
  openShards,
  type RandomAccess,
  type ShardedExamples,
  type ShardStore,
  shardedExamples,
  type WriteOptions,
} from './shards/index.ts';
export {
  type Content,
  checkFile,
  type FileSource,
  hasContents,
  readContent,
  readContents,
  type SetFile,
} from './source.ts';
export { type MembershipSizes, type MembershipSplit, membershipSplit, stratifiedSplit } from './split.ts';
export { fitStandardiser, identity, type Transform, transformedBounds, unitScale } from './transform.ts';
