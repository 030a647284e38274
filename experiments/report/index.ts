/** Audit records as a self-contained HTML report and as a terminal table. */
export { renderAuditReport } from './audit-report.ts';
export { createDocument } from './document.ts';
export { histogramPlot, lineStyle, rocPlot } from './plots.ts';
export { renderAuditTable } from './terminal.ts';
export { type Evidence, judge, type Verdict, type VerdictLevel } from './verdict.ts';
