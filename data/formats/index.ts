/** Readers: bytes in, data out, or a FormatError. None of them throws anything else. */
export { type ArchiveEntry, type ArchiveOptions, archiveEntries, isArchiveName, zipEntries } from './archive.ts';
export { MAX_BYTES, refuseEmptyAndHtml } from './bytes.ts';
export { CIFAR_IMAGE, cifarCount, readCifarInto } from './cifar.ts';
export { type CsvOptions, type CsvTable, readCsv } from './csv.ts';
export { gunzip, gunzipPieces, isGzip, maybeGunzip } from './gzip.ts';
export { type IdxArray, readIdx } from './idx.ts';
export { type Picture, readJpeg, readPgm, readPicture, readPng } from './image.ts';
export { type NpyArray, type NpyData, readNpy, readNpz, writeNpy, writeNpz } from './npy.ts';
export { type EncodedTable, encodeTable, type TableOptions } from './table.ts';
